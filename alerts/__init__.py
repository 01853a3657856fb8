"""Notice: rules, evaluation, grouping, the delivery ledger, source health."""

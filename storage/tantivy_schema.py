"""The fields of the embedded index, and the document of a post in them."""

from __future__ import annotations

import tantivy

from records.query import KEYWORD_FIELDS, TEXT_FIELDS, IndexDocument
from storage.document_fields import document_fields
from storage.ordering import ORDER_FIELDS

# Raise it whenever a field or the meaning of one changes: older indexes are then built anew.
SCHEMA_VERSION = 6


def build_schema() -> tantivy.Schema:
    """Return the fields. Each text is there as words, as pairs of pieces, and as pieces without an order."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
        builder.add_text_field(f"{name}_pairs", tokenizer_name="words", index_option="position")
        builder.add_text_field(f"{name}_pieces", tokenizer_name="words", index_option="basic")
    for name in (*KEYWORD_FIELDS, "version"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    # The names of the fields that a document has: what _exists_ asks for.
    builder.add_text_field("has", tokenizer_name="raw", index_option="basic")
    # Times are whole microseconds, not tantivy's dates: those are cut to seconds in aggregations.
    for name in ("urgency", "asked", "replied"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in ORDER_FIELDS:
        builder.add_integer_field(name, fast=True)
    builder.add_float_field("dissatisfaction", indexed=True, fast=True)
    return builder.build()


def register_tokenizers(index: tantivy.Index) -> tantivy.Index:
    """Return `index`, which can now read the schema's texts."""
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("words", words)
    return index


def build_fields(document: IndexDocument, schema: tantivy.Schema) -> tantivy.Document:
    """Return tantivy's document of `document`. Raises ValueError for a value that its field cannot hold."""
    # Checked here: a value that does not fit would else be found at the commit, and undo all of it.
    return tantivy.Document.from_dict(document_fields(document), schema)

# huiying for installations on several machines: what a container does is said by its command (compose.yaml).
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 huiying && install -d -o huiying /data
WORKDIR /srv/huiying
COPY . .
RUN pip install --no-cache-dir -c constraints.txt ".[postgresql,elasticsearch]"

USER huiying
ENV HUIYING_DATA_DIR=/data \
    OMP_NUM_THREADS=1
VOLUME /data
EXPOSE 8731
ENTRYPOINT ["huiying"]
CMD ["up"]

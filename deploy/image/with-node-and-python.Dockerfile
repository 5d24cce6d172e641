# Gatehall with what tool servers that are processes mostly need: Node with npx, Python with pipx.
#   docker build -f deploy/image/with-node-and-python.Dockerfile -t gatehall-tools deploy/image
# It has a shell and a package manager, too. See docs/processes.md for what then stands between
# the gate and such a process.
ARG GATEHALL_IMAGE=gatehall:latest
ARG BASE_IMAGE=node:24-trixie-slim
FROM ${GATEHALL_IMAGE} AS gatehall

FROM ${BASE_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv pipx \
    && rm -rf /var/lib/apt/lists/* \
    && echo 'gatehall:x:65532:65532:Gatehall:/data:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'gatehall:x:65532:' >> /etc/group \
    && install -d -m 700 -o 65532 -g 65532 /data
COPY --from=gatehall /gatehall /sbom.cdx.json /LICENSE /
ENV GATEHALL_DATA_DIR=/data GATEHALL_LISTEN=0.0.0.0:8080
USER 65532:65532
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/gatehall", "healthcheck"]
ENTRYPOINT ["/gatehall"]
CMD ["serve"]

# Build and run: docker build -t mockglm . && docker run --rm -p 8600:8600 mockglm
FROM python:3.13-slim

WORKDIR /src
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes --no-deps \
    --requirement requirements/build.txt --requirement requirements/service.txt
COPY pyproject.toml README.md LICENSE ./
COPY mockglm mockglm
COPY scenarios scenarios
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && rm -r /src/* && useradd --system mockglm --uid 10001 \
    && install --directory --owner=mockglm --group=mockglm /work

# A number, for Kubernetes can tell only of a number that it is not root.
USER 10001
WORKDIR /work
EXPOSE 8600
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/__mockglm__/health', timeout=2)"]
ENTRYPOINT ["mockglm"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8600"]

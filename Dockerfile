# syntax=docker/dockerfile:1
# Two images of one static binary each, without a shell and without root:
#   docker build --target switchboard --build-arg COMMIT=$(git rev-parse HEAD) -t switchboard .
#   docker build --target mocks -t switchboard-mocks .
# The base images are named by tag. Pin them by digest where images are released:
#   docker buildx imagetools inspect golang:1.26 --format '{{.Manifest.Digest}}'
FROM golang:1.26 AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download github.com/valyala/fasthttp github.com/ncruces/go-sqlite3-wasm/v6 github.com/minio/minio-go/v7
COPY . .
ARG COMMIT=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags="-s -w -X main.commit=$COMMIT" -o /out/switchboard ./app && \
    go build -trimpath -ldflags="-s -w" -o /out/mocks ./mocks && mkdir /out/data

# The vendors' mocks, for tests beside a Switchboard. They are on ports 9101 and up.
FROM gcr.io/distroless/static:nonroot AS mocks
COPY --from=build /out/mocks /mocks
EXPOSE 9101 9102 9103 9104
ENTRYPOINT ["/mocks", "-rongcloud", "0.0.0.0:9101", "-linkv", "0.0.0.0:9102", "-youme", "0.0.0.0:9103", "-livekit", "0.0.0.0:9104"]

# The last target, so that it is the one of a plain "docker build". State is in /data.
# In production a start without vendors or apps is refused: to look around on mock
# vendors, run it with -e SWITCHBOARD_ENV=development.
FROM gcr.io/distroless/static:nonroot AS switchboard
COPY --from=build /out/switchboard /switchboard
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV SWITCHBOARD_ENV=production SWITCHBOARD_LISTEN=0.0.0.0:8081 SWITCHBOARD_DATA_DIR=/data
VOLUME /data
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=4s CMD ["/switchboard", "health"]
ENTRYPOINT ["/switchboard"]

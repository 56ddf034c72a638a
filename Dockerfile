# A static binary, no shell, no root. State is in /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/switchboard ./app && mkdir /out/data

FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/switchboard /switchboard
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV SWITCHBOARD_LISTEN=0.0.0.0:8081 SWITCHBOARD_DATA_DIR=/data
VOLUME /data
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=4s CMD ["/switchboard", "health"]
ENTRYPOINT ["/switchboard"]

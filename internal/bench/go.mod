module github.com/mozilla-services/metlog-go/internal/bench

go 1.26.0

require (
	github.com/cactus/go-statsd-client/v5 v5.1.0
	github.com/expr-lang/expr v1.17.8
	github.com/go-json-experiment/json v1.27.2
	github.com/mozilla-services/metlog-go v0.0.0
	github.com/pebbe/zmq4 v1.4.0
	github.com/valyala/fastjson v1.6.10
)

require (
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
)

replace github.com/mozilla-services/metlog-go => ../..

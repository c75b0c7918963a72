module github.com/mozilla-services/metlog-go/internal/integration

go 1.26.0

require github.com/mozilla-services/metlog-go v0.0.0

require (
	github.com/cactus/go-statsd-client/v5 v5.1.0 // indirect
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
)

replace github.com/mozilla-services/metlog-go => ../..

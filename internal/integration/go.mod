module github.com/mozilla-services/metlog-go/internal/integration

go 1.26.0

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/mux v1.8.1
	github.com/julienschmidt/httprouter v1.3.0
	github.com/mozilla-services/metlog-go v0.0.0
)

require (
	github.com/cactus/go-statsd-client/v5 v5.1.0 // indirect
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
)

replace github.com/mozilla-services/metlog-go => ../..

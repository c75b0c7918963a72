module github.com/mozilla-services/metlog-go/internal/integration

go 1.26.0

require github.com/mozilla-services/metlog-go v0.0.0

replace github.com/mozilla-services/metlog-go => ../..

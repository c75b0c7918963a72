# make run    the example router with a demonstration stream: what flows where, live
# make test   everything, with the real servers
# make check  what to run before every commit: a minute or two, hermetic
.DEFAULT_GOAL := check
.PHONY: run test check integration aitc lint tidy nocgo bench fuzz clean

run: ; @.ci/install build
	@mkdir -p .bin && go build -o .bin/router ./examples/router && exec .bin/router -demo

test: ; @.ci/install test
	@$(MAKE) --no-print-directory check integration

check: ; @.ci/install build
	go vet ./...
	go test -race ./...

integration: ; @.ci/install test
	cd internal/integration && go vet ./... && go test -race -count=1 -timeout 30m ./...

# The 290 messages of a real installation belong to somebody else and are read where they are: METLOG_AITC says where, from
# here if it is relative; ../shared/reference/golden/aitc.jsonl if it says nothing.
aitc:
	go test -tags aitc -run '^TestAITC$$' -count=1 -v ./envelope

lint:
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./... && go vet -tags aitc ./envelope
	go tool -modfile=internal/tools/go.mod golangci-lint run ./...
	cd internal/integration && go tool -modfile=../tools/go.mod golangci-lint run ./...
	cd internal/bench && go tool -modfile=../tools/go.mod golangci-lint run ./...
	$(MAKE) --no-print-directory tidy

tidy:
	go mod tidy -diff
	cd internal/integration && go mod tidy -diff
	cd internal/bench && go mod tidy -diff

# Everything must build without cgo; the two ZeroMQ adapters are stubs then, which must say what is missing.
nocgo:
	CGO_ENABLED=0 go build ./...
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go test -count=1 ./internal/zmqsocket ./source/zmqsource ./sink/zmqsink
	CGO_ENABLED=0 GOARCH=386 go build ./...

bench: ; @.ci/install bench
	cd internal/bench && go run .

FUZZTIME ?= 30s
fuzz: ; @.ci/install build
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done

clean:
	rm -rf metlog-archive .bin
	cd internal/integration/testdata && rm -rf node_modules venv hadoop/target

// Package sink says what accepts messages, and how such things compose: a router, a filter, a queue and an endpoint are
// all a [Sink], so everything composes with everything.
package sink

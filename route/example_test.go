package route_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// printer is a sink that prints what it gets.
type printer string

func (p printer) Send(_ context.Context, batch []envelope.Message) error {
	for i := range batch {
		fmt.Printf("%s: %s %q\n", p, batch[i].Type(), batch[i].Payload())
	}
	return nil
}

func message(text string) envelope.Message {
	m, err := envelope.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return m
}

// Metrics, errors and security events go each to their own sink, everything else to the archive.
func Example() {
	stats, errors, security, archive := printer("stats"), printer("errors"), printer("security"), printer("archive")
	router, err := route.New(
		route.Rule{Name: "stats", When: route.Type("timer", "counter", "gauge"), To: stats, BestEffort: true},
		route.Rule{Name: "errors", When: route.Type("sentry"), To: errors},
		route.Rule{Name: "security", When: route.MustParse(`Type == 'cef'`), To: security},
		route.Rule{Name: "archive", When: route.Otherwise, To: archive},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = router.Send(context.Background(), []envelope.Message{
		message(`{"type": "counter", "payload": "1"}`),
		message(`{"type": "deploy", "payload": "v42 is out"}`),
		message(`{"type": "cef", "payload": "CEF:0|shop"}`),
	})
	fmt.Println(err)
	// Output:
	// security: cef "CEF:0|shop"
	// archive: deploy "v42 is out"
	// stats: counter "1"
	// <nil>
}

// The text form and the combinators build the same tree, which prints as text.
func ExampleParse() {
	parsed, err := route.Parse(`Type == "oldstyle" && (Severity <= Error || Fields[user][0]['full name'] =~ /^root\b/)`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(parsed)
	built := route.And(
		route.Type("oldstyle"),
		route.Or(route.Severity.Le(envelope.Error), route.Field("user", "0", "full name").Matches(`^root\b`)),
	)
	fmt.Println(built.String() == parsed.String())

	_, err = route.Parse(`Type == 'cef' && Severity < Worse`)
	fmt.Println(err)
	// Output:
	// Type == 'oldstyle' && (Severity <= Error || Fields[user][0]['full name'] =~ /^root\b/)
	// true
	// no severity is called Worse; text stands in quotes at offset 28
}

func ExampleParseRules() {
	sinks := map[string]sink.Sink{"statsd": printer("statsd"), "archive": printer("archive")}
	rules, err := route.ParseRules(strings.NewReader(`
		# Metrics may get lost, the rest may not.
		metrics: Type in ('timer', 'counter', 'gauge') -> statsd best-effort
		rest:    OTHERWISE -> archive
	`), sinks)
	for _, rule := range rules {
		fmt.Println(rule.Name, "|", rule.When, "|", rule.To, "|", rule.BestEffort)
	}
	fmt.Println(err)

	_, err = route.ParseRules(strings.NewReader("crashes: Type == 'sentry' -> sentry"), sinks)
	fmt.Println(err)
	// Output:
	// metrics | Type in ('timer', 'counter', 'gauge') | statsd | true
	// rest | OTHERWISE | archive | false
	// <nil>
	// route: rules line 1: rule crashes: sink sentry is not configured at offset 29
}

func ExampleRouter_Explain() {
	router, err := route.New(
		route.Rule{Name: "slow", When: route.And(route.Type("timer"), route.Payload.Gt(1000)), To: printer("slow")},
		route.Rule{Name: "rest", When: route.Otherwise, To: printer("rest")},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := message(`{"type": "timer", "payload": "47.5"}`)
	for _, v := range router.Explain(&m) {
		fmt.Println(v.Rule, v.Matched, "|", v.Why)
	}
	// Output:
	// slow false | Payload > 1000 is false: it is '47.5'
	// rest true | no other rule matches
}

// Rules that can never match are no errors, but worth a warning.
func ExampleRouter_Check() {
	router, err := route.New(
		route.Rule{Name: "both", When: route.MustParse(`Type == 'timer' && Type == 'counter'`), To: printer("stats")},
		route.Rule{Name: "all", To: printer("archive")},
		route.Rule{Name: "rest", When: route.Otherwise, To: printer("archive")},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, warning := range router.Check() {
		fmt.Println(warning)
	}
	// Output:
	// rule both: can never match: Type == 'timer' && Type == 'counter'
	// rule rest: can never match, since rule all matches everything
}

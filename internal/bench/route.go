package main

import (
	"context"
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// routeSection: one batch of 256 messages through a router of n rules, of which three match; beside a bare map lookup and
// an expression language asked rule by rule.
func routeSection(l *lab) error {
	batch := make([]envelope.Message, 256)
	for i := range batch {
		m, err := envelope.Parse([]byte(corpusLine(i)))
		must(err)
		batch[i] = m
	}
	ours := func(rules int) contender {
		router := ruleset(rules)
		return timed(fmt.Sprintf("metlog, %d rules", rules), func(n int) {
			for range n / len(batch) {
				must(router.Send(context.Background(), batch))
			}
		})
	}
	bare := func(keys int) contender {
		index := make(map[string]int)
		for i := range keys {
			index[fmt.Sprintf("type%d", i)] = i
		}
		found := 0
		return timed(fmt.Sprintf("a bare map lookup by type, %d keys", keys), func(n int) {
			for i := range n {
				found += index[batch[i%256].Type()]
			}
		})
	}
	return compare(l, 512_000,
		[]contender{ours(10), ours(1000), bare(10), bare(1000), exprRules(100, batch)},
		[]goal{
			{name: "1,000 rules / 10 rules", ours: 1, theirs: 0, atMost: 1.6},
			{name: "1,000 rules / expr-lang with 100", ours: 1, theirs: 4, atMost: 0.01},
		})
}

// ruleset is n rules by type, logger and severity of which three match the corpus.
func ruleset(n int) *route.Router {
	rules := []route.Rule{
		{Name: "stats", When: route.Type("timer", "counter"), To: discard()},
		{Name: "shop", When: route.MustParse(`Logger == "shop" && Severity <= Info`), To: discard()},
		{Name: "orders", When: route.MustParse(`Type == "order" && Severity > Error`), To: discard()},
	}
	for i := len(rules); i < n; i++ {
		when := fmt.Sprintf(`Type == "type%d" && Logger == "logger%d" && Severity <= %d`, i, i%7, i%8)
		rules = append(rules, route.Rule{Name: fmt.Sprint("rule", i), When: route.MustParse(when), To: discard()})
	}
	router, err := route.New(rules...)
	must(err)
	return router
}

func discard() sink.Sink {
	return sink.Filter(sink.Discard, func(*envelope.Message) bool { return false })
}

func exprRules(n int, batch []envelope.Message) contender {
	programs := make([]*vm.Program, n)
	type env struct {
		Type, Logger string
		Severity     int
	}
	for i := range programs {
		program, err := expr.Compile(fmt.Sprintf(`Type == "type%d" && Logger == "logger%d" && Severity <= %d`, i, i%7, i%8), expr.Env(env{}), expr.AsBool())
		must(err)
		programs[i] = program
	}
	return contender{fmt.Sprintf("expr-lang, %d rules compiled, asked one by one", n), func(count int) (float64, error) {
		var machine vm.VM
		count = max(1, count/1000) // it is that much slower
		begin := time.Now()
		for i := range count {
			m := &batch[i%len(batch)]
			e := env{m.Type(), m.Logger(), m.Severity().Code()}
			for _, program := range programs {
				if _, err := machine.Run(program, e); err != nil {
					return 0, err
				}
			}
		}
		return float64(time.Since(begin)) / float64(count), nil
	}}
}

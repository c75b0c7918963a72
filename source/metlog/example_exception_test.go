package metlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// shown is a sink that prints a little of each event.
func shown() sink.Sink {
	return sink.Each(func(_ context.Context, m envelope.Message) error {
		var event struct {
			Level     string
			Exception struct {
				Values []struct {
					Type, Value string
					Stacktrace  struct {
						Frames []struct {
							Function string
							Vars     map[string]any
						}
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(m.Payload()), &event); err != nil {
			return err
		}
		for _, x := range event.Exception.Values {
			fmt.Println(event.Level, x.Type, x.Value)
			for _, f := range x.Stacktrace.Frames {
				if f.Vars != nil {
					fmt.Println(f.Function, f.Vars)
				}
			}
		}
		return nil
	})
}

func ExampleClient_Exception() {
	m, err := metlog.New(shown(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	refused := errors.New("card refused")
	m.Exception(ctx, fmt.Errorf("paying: %w", refused), slog.Int("order", 17))
	if err := m.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// error *errors.errorString card refused
	// error *fmt.wrapError paying: card refused
}

func ExampleClient_Panic() {
	m, err := metlog.New(shown(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				m.Panic(ctx, thrown)
			}
		}()
		var prices []float64
		_ = prices[3]
	}()
	if err := m.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fatal runtime.boundsError runtime error: index out of range [3] with length 0
}

// A bridge hands over what a line of another logger says; the client makes the event.
func ExampleClient_EmitLine() {
	m, _ := metlog.New(shown(), nil)
	line := metlog.Line{
		Severity: envelope.Warning,
		Error:    "dial db://amy:hunter2@east: timeout",
		Message:  "cannot sell",
		Fields:   []byte(`{"item":3}`),
		Frames:   []runtime.Frame{{Function: "sell", File: "shop.go", Line: 17}},
	}
	ctx := context.Background()
	if err := m.EmitLine(ctx, &line); err != nil { // the fields are no JSON
		m.Log(ctx, line.Severity, line.Message)
	}
	_ = m.Shutdown(ctx)
	// Output:
	// warning error dial db://amy:[redacted]@east: timeout
}

type basket struct {
	Items []string
	Token string
}

func pay(ctx context.Context, m *metlog.Client, b *basket) {
	ctx = metlog.Watch(ctx, "basket", b)       // as it is when the exception is sent
	ctx = metlog.Var(ctx, "first", b.Items[0]) // as it is now
	b.Items[0] = "ink"
	m.Exception(ctx, errors.New("card refused"))
}

func ExampleWatch() {
	m, err := metlog.New(shown(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	pay(ctx, m, &basket{Items: []string{"pen"}, Token: "tok_1"})
	if err := m.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// error *errors.errorString card refused
	// pay map[basket:map[Items:[ink] Token:[redacted]] first:pen]
}

func ExampleVar() {
	m, err := metlog.New(shown(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range []int{1, 2, 3} {
		ctx := metlog.Var(context.Background(), "n", n)
		if n == 2 {
			m.Exception(ctx, errors.New("odd one out"))
		}
	}
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// error *errors.errorString odd one out
	// ExampleVar map[n:2]
}

// A middleware makes room for what its handlers watch, and empties it when they have returned.
func ExampleScope() {
	m, err := metlog.New(shown(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	handle := func(ctx context.Context) {
		id := 17
		metlog.Watch(ctx, "id", &id)
		panic("no such item")
	}
	func() {
		ctx, end := metlog.Scope(context.Background())
		defer end()
		defer func() {
			if thrown := recover(); thrown != nil {
				m.Panic(ctx, thrown)
			}
		}()
		handle(ctx)
	}()
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fatal panic no such item
	// ExampleScope.func1 map[id:17]
}

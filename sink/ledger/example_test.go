package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

func print(_ context.Context, m envelope.Message) error {
	_, err := fmt.Fprintln(os.Stdout, m.Type(), m.Payload())
	return err
}

// Messages wait in a queue before a filter and a sink. The books find all three, end them in that order and say what became
// of each message.
func Example() {
	isTimer := func(m *envelope.Message) bool { return m.Type() == envelope.TypeTimer }
	timers := sink.Filter(sink.Each(print), isTimer)
	queue, err := sink.NewQueue(timers, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	books := ledger.New(queue) // and everything it leads to

	timer, err1 := envelope.Draft{Type: envelope.TypeTimer, Payload: "25"}.Seal()
	log, err2 := envelope.Draft{Type: envelope.TypeLog, Payload: "hello"}.Seal()
	err = errors.Join(err1, err2, queue.Send(context.Background(), []envelope.Message{timer, log}))

	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(err, books.Shutdown(grace), books.Balance())
	fmt.Println("error:", err)
	fmt.Print(books)
	// Output:
	// timer 25
	// error: <nil>
	//                                            offered  done     dropped
	// queue -> filter -> each ledger_test.print        2     2           0
	//   filter -> each ledger_test.print               2     1  1 filtered
	//     each ledger_test.print                       1     1           0
}

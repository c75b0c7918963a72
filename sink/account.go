package sink

import (
	"maps"
	"sync"
)

// An Account says what became of every message that something was offered:
//
//	Opening + Offered = Done + Refused + sum(Dropped) + Held
//
// Every term is counted where it happens. A message sent again is not offered again.
type Account struct {
	Name      string            // what it is and where it leads, such as "statsd udp://127.0.0.1:8125"; no secrets
	Opening   uint64            // messages there at the start, from an earlier run
	Offered   uint64            // messages given to it
	Done      uint64            // messages that reached the level its documentation names
	Refused   uint64            // messages an error was returned for: the caller still has them
	Dropped   map[string]uint64 // messages neither done nor refused, by reason
	Held      uint64            // messages it holds now
	HeldBytes uint64            // their size in memory or on disk
	LastError error             // the last error, nil if there never was one
}

// Balanced reports whether the account adds up.
func (a *Account) Balanced() bool {
	out := a.Done + a.Refused + a.Held
	for _, n := range a.Dropped {
		out += n
	}
	return a.Opening+a.Offered == out
}

// An Accounter keeps an Account. Account is safe for concurrent use and may be called after Close.
type Accounter interface {
	Account() Account
}

// Counters are what a sink of one's own needs to keep an [Account]. The zero value is ready. All methods are safe for
// concurrent use; each is one step, so no one who reads the account finds it half counted.
type Counters struct {
	mu      sync.Mutex
	account Account
}

// Sent counts what became of n messages offered in one Send that returned err: [Failures] are Refused, the others Done.
// It returns err, so a Send can end with it.
func (c *Counters) Sent(n int, err error) error {
	failed := 0
	last := err
	for _, e := range Failures(err, n) {
		failed++
		last = e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account.Offered += uint64(n)
	c.account.Refused += uint64(failed)
	c.account.Done += uint64(n - failed)
	if last != nil {
		c.account.LastError = last
	}
	return err
}

// Drop counts n messages that were offered and dropped for reason.
func (c *Counters) Drop(n int, reason string, err error) {
	if n <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account.Offered += uint64(n)
	if c.account.Dropped == nil {
		c.account.Dropped = make(map[string]uint64)
	}
	c.account.Dropped[reason] += uint64(n)
	if err != nil {
		c.account.LastError = err
	}
}

// Failed records err as the last error and counts nothing.
func (c *Counters) Failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account.LastError = err
}

// Account returns what was counted, under name.
func (c *Counters) Account(name string) Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.account
	a.Name = name
	a.Dropped = maps.Clone(a.Dropped)
	return a
}

package metlog

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Notices tell OnError what is dropped: the first message of a reason by its type, and then, while there are more, how many
// a second. These numbers are the books', so that a message which is dropped while others are costs one atomic load.
type notices struct {
	quiet [reasons]atomic.Bool // of this reason the next is counted, or nobody wants to know

	mu       sync.Mutex
	ended    bool
	told     [reasons]uint64
	counting [reasons]bool // told within the last reportEvery: the next are told as a number
	later    *time.Timer   // until the next count; nil: nothing to count
}

// noticed are the reasons that are told, with what there is to say of them. Others are told elsewhere, or are the
// application's choice.
//
//nolint:gochecknoglobals // a constant
var noticed = [reasons]string{
	whyFull:    "no more than Options.MaxBytes may wait",
	whyLarge:   "more than 1 MiB",
	whyLimited: "more than Options.ExceptionsPerSecond from one origin",
	whyNumber:  "a gauge that is no number",
	whyNil:     "an exception that is nil",
}

func (n *notices) open(told bool) {
	for why := range n.quiet {
		n.quiet[why].Store(!told || noticed[why] == "")
	}
	n.ended = !told
}

// lose is drop of what OnError is told.
func (c *Client) lose(why reason, typ string) {
	c.drop(why)
	c.notice(why, typ)
}

// notice tells of a message that was counted as dropped, if it is the first. No shard is locked.
func (c *Client) notice(why reason, typ string) {
	if q := &c.notices.quiet[why]; !q.Load() && q.CompareAndSwap(false, true) {
		c.noticeFirst(why, typ)
	}
}

// noticeFull is notice of a message for which there was no room, or no client any more.
func (c *Client) noticeFull(typ string) {
	if !c.ending.Load() {
		c.notice(whyFull, typ)
	}
}

func (c *Client) noticeFirst(why reason, typ string) {
	n := &c.notices
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.counting[why] && c.dropped(why) > n.told[why] {
		n.counting[why] = true
		n.told[why]++
		c.report.tell(fmt.Errorf("metlog: a message of type %.100q was dropped as %q: %s", typ, reasonNames[why], noticed[why]))
	}
	n.again(c)
}

// again sees to it that what is dropped from now on is counted. The notices are locked.
func (n *notices) again(c *Client) {
	if n.later == nil && !n.ended {
		n.later = time.AfterFunc(reportEvery, c.noticeMore)
	}
}

// noticeMore tells how many more were dropped. A reason of which none was is told again as its first.
func (c *Client) noticeMore() {
	n := &c.notices
	n.mu.Lock()
	defer n.mu.Unlock()
	n.later = nil
	for why := range reasons {
		if noticed[why] == "" {
			continue
		}
		n.quiet[why].Store(false) // before looking: who comes later tells of itself
		all := c.dropped(why)
		more := all - n.told[why]
		n.counting[why] = more > 0 // one that came between the store and the look is in it, or in the next
		if more > 0 {
			n.told[why] = all
			c.report.tell(fmt.Errorf("metlog: %s more dropped as %q: %s", messages(more), reasonNames[why], noticed[why]))
			n.quiet[why].Store(true)
			n.again(c)
		}
	}
}

// dropped returns how many messages were dropped for a reason that only shards have.
func (c *Client) dropped(why reason) (all uint64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		all += s.dropped[why]
		s.mu.Unlock()
	}
	return all
}

// endNotices tells of the rest.
func (c *Client) endNotices() {
	n := &c.notices
	n.mu.Lock()
	ended := n.ended
	n.ended = true
	if n.later != nil {
		n.later.Stop()
	}
	n.mu.Unlock()
	if !ended {
		c.noticeMore()
	}
}

// messages returns "1 message", or how many there are.
func messages(n uint64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

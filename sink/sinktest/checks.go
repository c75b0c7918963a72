package sinktest

// A kind is what a check applies to.
type kind int

const (
	every     kind = iota
	wrapping       // Wrap and Fan
	reporting      // wrappers whose Send returns their next's errors
	fanning        // Fan
	queueing       // asynchronous Wrap
)

// checks returns all checks, in the order in which Run makes them.
func checks() []check {
	return []check{
		{"empty-batch", every, checkEmpty},
		{"deliver", every, checkDeliver},
		{"order", every, checkOrder},
		{"concurrent", every, checkConcurrent},
		{"batch-unchanged", every, checkBatch},
		{"slice-reused", every, checkReuse},
		{"borrows", every, checkBorrows},
		{"zero-message", every, checkZero},
		{"cancelled", every, checkCancelled},
		{"stall", every, checkStall},
		{"errors", every, checkErrors},
		{"indexes", reporting, checkIndexes},
		{"permanent", reporting, checkPermanent},
		{"union", fanning, checkUnion},
		{"retries", queueing, checkRetries},
		{"poison", queueing, checkPoison},
		{"panic", wrapping, checkPanic},
		{"account", every, checkAccount},
		{"next", wrapping, checkNext},
		{"owns-nothing", wrapping, checkOwns},
		{"shutdown", every, checkShutdown},
		{"shutdown-deadline", every, checkDeadline},
		{"shutdown-race", every, checkRace},
		{"close", every, checkClose},
		{"close-race", every, checkCloseRace},
		{"goroutines", every, checkGoroutines},
	}
}

// applies reports whether a check of that kind is for what the harness makes.
func (h *Harness) applies(to kind) bool {
	switch to {
	case wrapping:
		return h.New == nil
	case reporting:
		return h.New == nil && !h.Asynchronous
	case fanning:
		return h.Fan != nil
	case queueing:
		return h.Wrap != nil && h.Asynchronous
	}
	return true
}

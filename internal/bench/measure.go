package main

import (
	"fmt"
	"slices"
	"time"
)

// A contender is one way to do a piece of work. run does n pieces and returns what one cost, in nanoseconds.
type contender struct {
	name string
	run  func(n int) (float64, error)
}

// timed makes a contender of a function that does n pieces of work in this process.
func timed(name string, work func(n int)) contender {
	return contender{name, func(n int) (float64, error) {
		begin := time.Now()
		work(n)
		return float64(time.Since(begin)) / float64(n), nil
	}}
}

// A goal is the ratio of one contender to another, and its bound if it has one.
type goal struct {
	name         string
	ours, theirs int // indexes of the contenders
	atMost       float64
	atLeast      float64 // instead of atMost
}

// compare runs every contender once a round and prints a row for each contender and each goal.
func compare(l *lab, n int, contenders []contender, goals []goal) error {
	costs := make([][]float64, len(contenders))
	for round := range l.rounds + 1 {
		for i, c := range contenders {
			cost, err := c.run(n)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if round > 0 { // the first warms up
				costs[i] = append(costs[i], cost)
			}
		}
	}
	report(contenders, costs, goals)
	return nil
}

func report(contenders []contender, costs [][]float64, goals []goal) {
	for i, c := range contenders {
		fmt.Printf("  %-58s %10.0f ns [%.0f-%.0f]\n", c.name, median(costs[i]), slices.Min(costs[i]), slices.Max(costs[i]))
	}
	for _, g := range goals {
		ratios := make([]float64, len(costs[g.ours]))
		for round := range ratios {
			ratios[round] = costs[g.ours][round] / costs[g.theirs][round]
		}
		fmt.Printf("  %-58s %10.3f    [%.3f-%.3f]%s\n", "= "+g.name, median(ratios), slices.Min(ratios), slices.Max(ratios), g.verdict(median(ratios)))
	}
}

func (g *goal) verdict(ratio float64) string {
	sign, bound, met := "<=", g.atMost, ratio <= g.atMost
	switch {
	case g.atLeast > 0:
		sign, bound, met = ">=", g.atLeast, ratio >= g.atLeast
	case g.atMost == 0:
		return ""
	}
	if !met {
		return fmt.Sprintf("  goal %s %.3g: MISSED", sign, bound)
	}
	return fmt.Sprintf("  goal %s %.3g: met", sign, bound)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

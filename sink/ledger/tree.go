package ledger

import "slices"

// A placed part stands in the report below one that leads to it.
type placed struct {
	*part
	depth int // steps from a part given to New
}

// tree arranges parts. Each stands below the part that leads to it in the fewest steps from what messages run into, so that
// an endpoint is found where its messages come from rather than where it is a dead letter. Only what no sink that was given
// to New leads to stands below a source.
func tree(parts []*part) []placed {
	below := make(map[*part][]*part)
	var sinks, sources []*part
	for _, p := range parts {
		switch {
		case p.given && isSink(p.is):
			sinks = append(sinks, p)
		case p.given:
			sources = append(sources, p)
		}
	}
	seen := make(map[*part]bool)
	for _, p := range slices.Concat(sinks, sources) {
		seen[p] = true
	}
	for _, next := range [][]*part{sinks, sources} {
		for len(next) > 0 {
			p := next[0]
			next = next[1:]
			for _, to := range p.feeds {
				if !seen[to] {
					seen[to] = true
					below[p] = append(below[p], to)
					next = append(next, to)
				}
			}
		}
	}
	var lines []placed
	for _, p := range parts {
		if p.given {
			lines = lay(lines, below, p, 0)
		}
	}
	return lines
}

// lay appends p and what stands below it.
func lay(lines []placed, below map[*part][]*part, p *part, depth int) []placed {
	lines = append(lines, placed{p, depth})
	for _, to := range below[p] {
		lines = lay(lines, below, to, depth+1)
	}
	return lines
}

package envelope

// Field returns the value that path leads to within fields: each element is the name of an object's member, decoded, or
// the index of an array's element as a decimal number. Of a name that stands twice, the last counts, as for every other
// reader of JSON. Without a path it returns fields itself. It is looked up in the text and allocates nothing.
func (m *Message) Field(path ...string) (Value, bool) {
	raw := m.raw(memberFields)
	for _, step := range path {
		if raw == "" {
			break
		}
		switch raw[0] {
		case '{':
			raw = lookup(raw, step)
		case '[':
			raw = element(raw, step)
		default:
			raw = ""
		}
	}
	return Value{raw}, raw != ""
}

// The functions below read JSON that has been validated and has no white space but spaces. A value lies within an object or
// an array.

// lookup returns the JSON of the last member of object that has a name, "" if it has none.
func lookup(object, name string) (value string) {
	for i := pastSpaces(object, 1); object[i] != '}'; {
		if object[i] == ',' {
			i = pastSpaces(object, i+1)
		}
		end := pastString(object, i)
		raw := object[i+1 : end-1]
		i = pastSpaces(object, end)
		i = pastSpaces(object, i+1)
		end = pastValue(object, i)
		if sameText(raw, name) {
			value = object[i:end]
		}
		i = pastSpaces(object, end)
	}
	return value
}

// element returns the JSON of array's element with an index, "" if it has none.
func element(array, index string) string {
	n, ok := parseIndex(index)
	if !ok {
		return ""
	}
	for i := pastSpaces(array, 1); array[i] != ']'; n-- {
		if array[i] == ',' {
			i = pastSpaces(array, i+1)
		}
		end := pastValue(array, i)
		if n == 0 {
			return array[i:end]
		}
		i = pastSpaces(array, end)
	}
	return ""
}

// parseIndex reads an index: digits without a leading zero. More of them than any array has elements is none.
func parseIndex(text string) (n int, ok bool) {
	if text == "" || len(text) > 9 || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for i := range len(text) {
		c := text[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

func pastSpaces(text string, i int) int {
	for text[i] == ' ' {
		i++
	}
	return i
}

// pastString returns the end of the string that begins at i.
func pastString(text string, i int) int {
	b := view(text)
	for i++; ; {
		if i+8 <= len(b) {
			w := word(b, i)
			quote, backslash := w^'"'*ones, w^'\\'*ones
			marks := ((quote-ones)&^quote | (backslash-ones)&^backslash) & highs
			if marks == 0 {
				i += 8
				continue
			}
			i += first(marks)
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i += 2
		default:
			i++
		}
	}
}

// pastValue returns the end of the value that begins at i.
func pastValue(text string, i int) int {
	switch text[i] {
	case '"':
		return pastString(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = pastString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for ; ; i++ {
		switch text[i] {
		case ' ', ',', '}', ']':
			return i
		}
	}
}

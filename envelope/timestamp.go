package envelope

import "time"

// parseTimestamp reads the profile of ISO 8601 that RFC 3339 section 5.6 defines, and the same without a zone, which is
// UTC. Digits beyond nanoseconds are cut off. A leap second is no time here, as in package time.
func parseTimestamp(s string) (time.Time, bool) {
	var none time.Time
	if len(s) < len("2006-01-02T15:04:05") || s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' || s[13] != ':' || s[16] != ':' {
		return none, false
	}
	century, year := twoDigits(s, 0), twoDigits(s, 2)
	month, day := twoDigits(s, 5), twoDigits(s, 8)
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	if century == noDigits || year == noDigits || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return none, false
	}
	if year += century * 100; day < 1 || day > daysIn(year, month) {
		return none, false
	}
	nanos, s, ok := fraction(s[19:])
	if !ok {
		return none, false
	}
	offset, ok := zone(s)
	if !ok {
		return none, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	return t.Add(-offset), true
}

// fraction reads the digits after a second, if any, and returns what follows them.
func fraction(s string) (nanos int, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	i := 1
	for unit := int(time.Second) / 10; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += int(s[i]-'0') * unit
		unit /= 10
	}
	return nanos, s[i:], i > 1
}

// zone reads nothing, Z or an offset such as +02:00.
func zone(s string) (time.Duration, bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hours, minutes := twoDigits(s, 1), twoDigits(s, 4)
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		return -offset, true
	}
	return offset, true
}

// noDigits is more than two digits can say.
const noDigits = 100

func twoDigits(s string, i int) int {
	tens, units := s[i]-'0', s[i+1]-'0'
	if tens > 9 || units > 9 {
		return noDigits
	}
	return int(tens)*10 + int(units)
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

package main

import (
	"fmt"
	"strings"
)

// corpusText returns 1,000 messages of about 300 bytes, one a line, in the orders and separators of the Python client, the
// Node client and our own; one in ten is a counter or a timer.
func corpusText() string {
	var text strings.Builder
	for i := range 1000 {
		text.WriteString(corpusLine(i))
		text.WriteByte('\n')
	}
	return text.String()
}

func corpusLine(i int) string {
	typ, payload := "order", ""
	fields := []string{fmt.Sprintf(`"path":"/1.0/%d/apps/%d"`, 10000+i, i*7), `"host":"web.shop.test:443"`, fmt.Sprintf(`"bytes":%d`, 500+i*13), `"cached":false`}
	if i%10 == 0 {
		typ, payload = "timer", fmt.Sprint(3+i%90)
		if i%20 == 0 {
			typ = "counter"
		}
		fields = []string{fmt.Sprintf(`"name":"shop.views.page%d"`, i%40), `"rate":1.0`, `"path":"/1.0/10000/apps/with/a/longer/tail"`, `"cached":false`}
	}
	member := map[string]string{
		"type": `"` + typ + `"`, "timestamp": fmt.Sprintf(`"2013-03-01T08:%02d:%02d.%06dZ"`, i/60%60, i%60, i*997), "logger": `"shop"`,
		"severity": "6", "payload": `"` + payload + `"`, "fields": "{" + strings.Join(fields, ",") + "}", "env_version": `"0.8"`,
		"metlog_pid": "26482", "metlog_hostname": `"web3.mtv1.shop.test"`,
	}
	python := []string{"severity", "timestamp", "metlog_hostname", "fields", "metlog_pid", "logger", "type", "payload", "env_version"}
	node := []string{"type", "timestamp", "logger", "severity", "payload", "fields", "env_version", "metlog_pid", "metlog_hostname"}
	order, comma, colon := node, ",", ":"
	if i%3 == 0 {
		order, comma, colon = python, ", ", ": "
		member["fields"] = strings.NewReplacer(`",`, `", `, `":`, `": `).Replace(member["fields"])
	}
	parts := make([]string, len(order))
	for j, name := range order {
		parts[j] = `"` + name + `"` + colon + member[name]
	}
	return "{" + strings.Join(parts, comma) + "}"
}

// shuffledLine is corpusLine with its members in an order nobody sends.
func shuffledLine(i int) string {
	line := corpusLine(i)
	at := strings.Index(line, `"metlog_hostname"`)
	if at > 1 && strings.HasSuffix(line, `shop.test"}`) { // it is last: move it to the front
		return "{" + line[at:len(line)-1] + "," + strings.TrimSuffix(line[1:at], ",") + "}"
	}
	return "{" + `"payload"` + line[strings.Index(line, `"payload"`)+len(`"payload"`):strings.Index(line, `, "env_version"`)] + ", " +
		line[1:strings.Index(line, `, "payload"`)] + line[strings.Index(line, `, "env_version"`):]
}

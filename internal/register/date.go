// Days, as people and programs write them.
package register

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// months are the first three letters of the months, in English and Welsh.
var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
	"ion": 1, "chw": 2, "maw": 3, "ebr": 4, "mai": 5, "meh": 6, "gor": 7, "aws": 8, "med": 9, "hyd": 10, "tac": 11, "rha": 12,
}

// day reads 2027-02-01, 01/02/2027 (also with dots, dashes and two digits of the year) and 1 February 2027, with a time of day behind it
// or without, and writes the first of these. With monthFirst the second one is the 2nd of January.
func day(text string, monthFirst bool) (string, bool) {
	parts := strings.FieldsFunc(strings.ToLower(fold(text)), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("-/.,", r) })
	if len(parts) > 3 || len(parts) == 3 && strings.ContainsRune(parts[2], 't') {
		parts = withoutTime(parts)
	}
	if len(parts) != 3 {
		return "", false
	}
	y, m, d := parts[2], parts[1], parts[0]
	switch {
	case len(parts[0]) == 4:
		y, d = parts[0], parts[2]
	case months[first3(parts[0])] != 0 && !digits(parts[0]): // February 1, 2027
		m, d = parts[0], parts[1]
	case monthFirst && digits(parts[1]):
		m, d = parts[0], parts[1]
	}
	return build(y, m, d)
}

// withoutTime takes off the time of day: 00:00:00, or T00:00:00Z on the day itself.
func withoutTime(parts []string) []string {
	day, _, _ := strings.Cut(parts[2], "t")
	if len(parts) > 3 && !strings.Contains(parts[3], ":") {
		return nil
	}
	return []string{parts[0], parts[1], day}
}

func build(year, month, dayOfMonth string) (string, bool) {
	y, errY := strconv.Atoi(year)
	d, errD := strconv.Atoi(strings.TrimRight(dayOfMonth, "stndrh"))
	m, errM := strconv.Atoi(month)
	if errM != nil {
		m, errM = int(months[first3(month)]), nil
	}
	if errY != nil || errD != nil || m < 1 || m > 12 {
		return "", false
	}
	if len(year) == 2 { // of a living person's membership: up to 1950 is this century
		y += 1900
		if y < 1950 {
			y += 100
		}
	}
	at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if at.Day() != d || y < 1900 || y > 2200 {
		return "", false
	}
	return at.Format(time.DateOnly), true
}

func first3(word string) string { return word[:min(len(word), 3)] }

func digits(word string) bool { return strings.Trim(word, "0123456789") == "" }

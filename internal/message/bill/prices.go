// Prices by prefix of the number.

package bill

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Prices are what one route costs. The zero value knows no price, so that everything is dear.
type Prices struct {
	Prefixes  map[string]Money // by prefix of the E.164 number, with +; the longest counts
	Dear      Money            // what a number costs that no prefix covers; 0 is Dear
	Increment Increment        // of calls
}

// Dear is what a segment or a minute is taken to cost where no price is known: so much that somebody looks.
const Dear = Unit

// Increment is how calls are billed: the first so long, and then in steps, each begun one being paid. The zero value is a
// minute each.
type Increment struct{ First, Then time.Duration }

// Flat is one price for every number.
func Flat(price Money) Prices { return Prices{Prefixes: map[string]Money{"+": price}} }

// Of is the price of a segment, or of a minute, to the number. known is false where nothing covers it.
func (p Prices) Of(number string) (price Money, known bool) {
	for n := len(number); n > 0; n-- {
		if price, known = p.Prefixes[number[:n]]; known {
			return price, true
		}
	}
	if p.Dear > 0 {
		return p.Dear, false
	}
	return Dear, false
}

// Call is the price of a call of that length to the number.
func (p Prices) Call(number string, length time.Duration) (price Money, known bool) {
	minute, known := p.Of(number)
	first, then := p.Increment.First, p.Increment.Then
	if first <= 0 || then <= 0 {
		first, then = time.Minute, time.Minute
	}
	billed := first
	if length > first {
		billed += (length - first + then - 1) / then * then
	}
	return (minute*Money(billed/time.Second) + 59) / 60, known // a part of a millionth is paid whole
}

// mostPrice is more than any text or minute costs: what is above is a slip of the pen.
const mostPrice = 100 * Unit

const mostLines = 100_000

// ReadPrices reads a list with the head "prefix,price", and on each line a prefix of numbers and the price of a segment or
// a minute; further columns are notes. The error names every line that is wrong.
func ReadPrices(r io.Reader) (map[string]Money, error) {
	prices, wrong, head := map[string]Money{}, []error(nil), false
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		cells := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '\t' })
		switch {
		case line == "" || line[0] == '#':
			continue
		case n > mostLines:
			return nil, fmt.Errorf("the list has more than %d lines", mostLines)
		case !head && strings.EqualFold(strings.Trim(cells[0], `" `), "prefix"):
			head = true
			continue
		}
		head = true
		if len(cells) < 2 {
			wrong = append(wrong, fmt.Errorf("line %d: write a prefix and a price: +4477,0.04", n))
			continue
		}
		prefix, price, err := readPrice(strings.Trim(cells[0], `" `), strings.Trim(cells[1], `" `))
		if _, twice := prices[prefix]; err == nil && twice {
			err = fmt.Errorf("%s stands there twice", prefix)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		prices[prefix] = price
	}
	if err := lines.Err(); err != nil {
		wrong = append(wrong, err)
	}
	if len(prices) == 0 && len(wrong) == 0 {
		wrong = append(wrong, errors.New("there is no price in the list"))
	}
	return prices, errors.Join(wrong...)
}

// readPrice reads one line. Lists write a prefix as +44, 0044 or 44.
func readPrice(prefix, amount string) (string, Money, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(prefix, " ", ""), "+"), "00")
	if len(digits) > 15 || strings.Trim(digits, "0123456789") != "" || strings.HasPrefix(digits, "0") || digits == "" && prefix != "+" {
		return "", 0, fmt.Errorf("%q is not the beginning of an international number: write +44", prefix)
	}
	price, err := ParseMoney(amount)
	if err == nil && price > mostPrice {
		err = fmt.Errorf("%s for one message is too much to be true", price)
	}
	return "+" + digits, price, err
}

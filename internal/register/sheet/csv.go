// CSV as spreadsheets and membership systems write it (RFC 4180, and what they make of it).
package sheet

import "strings"

func readCSV(raw []byte) (*Table, error) {
	text, encoding, err := decode(raw)
	if err != nil {
		return nil, err
	}
	text, delimiter, first := announced(text)
	if delimiter == 0 {
		delimiter = likely(text)
	}
	s := scanner{text: text, delimiter: delimiter}
	var b builder
	for number := first; ; number++ {
		cells, more := s.row()
		if !more {
			break
		}
		for i, cell := range cells {
			cells[i] = Unguarded(strings.TrimSpace(cell))
		}
		if err := b.add(number, cells); err != nil {
			return nil, err
		}
	}
	if s.open {
		return nil, invalid("cut")
	}
	t, err := b.table(CSV)
	if err != nil {
		return nil, err
	}
	t.Encoding, t.Broken = encoding, replaced(text)
	return t, nil
}

// announced takes off the line sep=; with which a file tells Excel its delimiter. The rows below it are counted on.
func announced(text string) (rest string, delimiter byte, first int) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.Trim(strings.TrimRight(line, "\r"), `"`)
	if sign, is := strings.CutPrefix(strings.ToLower(line), "sep="); is && len(sign) == 1 {
		return rest, sign[0], 2
	}
	return text, 0, 1
}

// delimiters are those that are looked for.
const delimiters = ",;\t|"

// likely is the delimiter that cuts most of the first rows into the same number of cells.
func likely(text string) byte {
	best, most := byte(','), 0.0
	for i := range len(delimiters) {
		counts := map[int]int{}
		rows, s := 0, scanner{text: text[:min(len(text), 64<<10)], delimiter: delimiters[i]}
		for ; rows < 50; rows++ {
			cells, more := s.row()
			if !more {
				break
			}
			counts[len(cells)]++
		}
		for width, count := range counts {
			// How many rows agree counts for more than how wide they are.
			if score := float64(count) / float64(rows) * (1 + float64(width)/maxColumns); width > 1 && score > most {
				best, most = delimiters[i], score
			}
		}
	}
	return best
}

// scanner takes a text apart. Its cells are pieces of the text, so that a large file is in memory once.
type scanner struct {
	text      string
	delimiter byte
	at        int
	open      bool // the text ended within quotes
}

// row is the next row. A line ends with CR, LF or both.
func (s *scanner) row() (cells []string, more bool) {
	if s.at >= len(s.text) {
		return nil, false
	}
	cells = make([]string, 0, 16)
	for {
		cells = append(cells, s.cell())
		if s.at >= len(s.text) {
			return cells, true
		}
		end := s.text[s.at]
		s.at++
		if end == s.delimiter {
			if s.at >= len(s.text) {
				return append(cells, ""), true
			}
			continue
		}
		if end == '\r' && s.at < len(s.text) && s.text[s.at] == '\n' {
			s.at++
		}
		return cells, true
	}
}

// cell leaves at at what ended it.
func (s *scanner) cell() string {
	if s.at < len(s.text) && s.text[s.at] == '"' {
		return s.quoted()
	}
	return s.plain()
}

func (s *scanner) plain() string {
	from := s.at
	for s.at < len(s.text) {
		if c := s.text[s.at]; c == s.delimiter || c == '\n' || c == '\r' {
			break
		}
		s.at++
	}
	return s.text[from:s.at]
}

// quoted is a cell in quotes, in which a quote is written twice. What stands behind the last quote, by mistake, belongs to it.
func (s *scanner) quoted() string {
	s.at++
	from, doubled := s.at, false
	for {
		i := strings.IndexByte(s.text[s.at:], '"')
		if i < 0 {
			s.open, s.at = true, len(s.text)
			return s.text[from:]
		}
		s.at += i + 1
		if s.at < len(s.text) && s.text[s.at] == '"' {
			doubled = true
			s.at++
			continue
		}
		break
	}
	cell := s.text[from : s.at-1]
	if doubled {
		cell = strings.ReplaceAll(cell, `""`, `"`)
	}
	return cell + s.plain()
}

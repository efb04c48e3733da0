// A row as a line, and back, with nothing lost on the way.
package backup

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"woggle/internal/db"
)

// raw stands for a text that is none: SQLite keeps whatever bytes it was given, and JSON would change them.
type raw struct {
	Raw []byte `json:"raw"`
}

// appendRow adds a row to line: a list of its values as JSON, bytes as Base64. The values are as the database gives them.
func appendRow(line []byte, values []any) ([]byte, error) {
	line = append(line, '[')
	for i, value := range values {
		if i > 0 {
			line = append(line, ',')
		}
		switch v := value.(type) {
		case nil:
			line = append(line, "null"...)
		case int64:
			line = strconv.AppendInt(line, v, 10)
		case bool:
			line = strconv.AppendBool(line, v)
		case []byte:
			line = append(line, '"')
			line = base64.StdEncoding.AppendEncode(line, v)
			line = append(line, '"')
		case string:
			var err error
			if line, err = appendText(line, v); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("a value of the type %T, which no backup knows", v)
		}
	}
	return append(line, ']'), nil
}

func appendText(line []byte, text string) ([]byte, error) {
	var value any = text
	if plain(text) {
		return append(append(append(line, '"'), text...), '"'), nil
	} else if !utf8.ValidString(text) {
		value = raw{[]byte(text)}
	}
	more, err := json.Marshal(value)
	return append(line, more...), err
}

// plain tells whether a text is the same in JSON. Most are, and looking takes a fraction of the time of making it.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

var errRow = errors.New("a row has not the form of its table")

// parseRow is the opposite of appendRow.
func parseRow(line []byte, columns []db.Column) ([]any, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(line, &parts); err != nil || len(parts) != len(columns) {
		return nil, errRow
	}
	values := make([]any, len(parts))
	for i, part := range parts {
		value, err := parseValue(part, columns[i].Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", columns[i].Name, errRow)
		}
		values[i] = value
	}
	return values, nil
}

func parseValue(part json.RawMessage, kind db.Type) (value any, err error) {
	text := string(part)
	switch {
	case text == "null":
		return nil, nil
	case kind == db.Integer:
		return strconv.ParseInt(text, 10, 64)
	case kind == db.Boolean:
		return strconv.ParseBool(text)
	case kind == db.Bytes && len(text) >= 2:
		return base64.StdEncoding.DecodeString(text[1 : len(text)-1])
	case part[0] == '{':
		var bytes raw
		err = json.Unmarshal(part, &bytes)
		return string(bytes.Raw), err
	}
	err = json.Unmarshal(part, &text)
	return text, err
}

// sum is of the rows of a table, in whatever order: engines give them in different ones. It finds faults of disks and programs; against
// people there is the encryption.
type sum [4]uint64

func (s *sum) add(line []byte) {
	hash := sha256.Sum256(line)
	for i := range s {
		s[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
}

func (s sum) String() string {
	var all []byte
	for _, part := range s {
		all = binary.BigEndian.AppendUint64(all, part)
	}
	return hex.EncodeToString(all)
}

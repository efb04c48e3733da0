// What commands print for programs.
package main

import (
	"encoding/json"
	"reflect"
)

// printJSON prints a value for a program to read. An empty list is [], not null.
func (p *program) printJSON(value any) error {
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice && v.IsNil() {
		value = []any{}
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

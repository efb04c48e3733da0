// JSON batching: up to twenty requests in one.
package entra

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

func (c *call) batch() answer {
	var batch struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
			Body            json.RawMessage
		}
	}
	if c.method != http.MethodPost || !c.json || json.Unmarshal(c.body, &batch) != nil {
		return refuse(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	if len(batch.Requests) == 0 || len(batch.Requests) > 20 {
		return refuse(http.StatusBadRequest, "MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of 20.")
	}
	seen, responses := map[string]bool{}, []any{}
	for _, item := range batch.Requests {
		if item.ID == "" || seen[item.ID] {
			return refuse(http.StatusBadRequest, "BadRequest", "The ids of a batch are to be there, and to differ.")
		}
		seen[item.ID] = true
		inner := &call{e: c.e, tenant: c.tenant, app: c.app, body: item.Body}
		for name, value := range item.Headers {
			inner.json = inner.json || strings.EqualFold(name, "Content-Type") && value == "application/json"
			inner.eager = inner.eager || strings.EqualFold(name, "ConsistencyLevel") && value == "eventual"
		}
		u, err := url.Parse("/" + c.version + item.URL)
		var a answer
		switch {
		case err != nil || !strings.HasPrefix(item.URL, "/"):
			a = refuse(http.StatusBadRequest, "BadRequest", "Invalid URL in batch.")
		case c.e.items > 0:
			c.e.items--
			a = c.e.tooMany()
		default:
			inner.aim(item.Method, u)
			a = inner.do()
		}
		c.e.log = append(c.e.log, Entry{c.e.now(), item.Method, "/" + c.version + item.URL, a.status})
		response := map[string]any{"id": item.ID, "status": a.status, "headers": a.header}
		if a.body != nil {
			response["body"] = a.body
		}
		responses = append([]any{response}, responses...) // in any order, says the documentation
	}
	return ok(map[string]any{"responses": responses})
}

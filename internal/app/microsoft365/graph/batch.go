// Twenty requests at once (JSON batching).
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// BatchMost is how many requests Graph takes at once.
const BatchMost = 20

// Result is what came of one request of a batch: an answer, or why there is none.
type Result struct {
	Answer Answer
	Err    error // nil, an *Error if Microsoft refused, or what kept the answer from us
}

// Read gives the answer's body, or the error.
func (r Result) Read(into any) error {
	if r.Err != nil {
		return r.Err
	}
	return r.Answer.read(into)
}

// Batch makes up to BatchMost requests, which do not depend on each other, and gives a result for each in their order. They
// are of one version. Those that were throttled are asked again, alone, after the longest of their pauses. Its error is
// only that nothing could be asked.
func (c *Client) Batch(ctx context.Context, requests []Request) ([]Result, error) {
	if len(requests) == 0 || len(requests) > BatchMost {
		return nil, fmt.Errorf("a batch has 1 to %d requests, not %d", BatchMost, len(requests))
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(requests[0].Path, "/"), "/")
	results, open := make([]Result, len(requests)), []int{}
	for i, r := range requests {
		if err := r.check(); err != nil || !strings.HasPrefix(r.Path, "/"+version+"/") {
			return nil, errors.Join(err, errors.New("a batch is of one version"))
		}
		open = append(open, i)
	}
	for try := 1; len(open) > 0; try++ {
		answers, err := c.batch(ctx, version, requests, open)
		if err != nil && try == 1 {
			return nil, err
		}
		wait, again := backOff(try), []int{}
		for _, i := range open {
			answer, answered := answers[i]
			switch {
			case err != nil:
				results[i].Err = err
			case !answered:
				results[i].Err = errors.New("this request of a batch got no answer from Microsoft")
			default:
				results[i] = Result{Answer: answer}
				if repeat, asked := answer.again(c.now(), requests[i].repeatable(), requests[i].New); repeat && try < tries && asked <= longest {
					again, wait = append(again, i), max(wait, asked)
				}
			}
		}
		if open = again; len(open) > 0 {
			if err := c.wait(ctx, wait); err != nil {
				return nil, err
			}
		}
	}
	for i := range results {
		if results[i].Err == nil {
			results[i].Err = results[i].Answer.read(nil)
		}
	}
	return results, nil
}

type batchItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"` // from the version on, without it
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// batch makes those of the requests that are open, by their place.
func (c *Client) batch(ctx context.Context, version string, requests []Request, open []int) (map[int]Answer, error) {
	items, again := []batchItem{}, true
	for _, i := range open {
		r := requests[i]
		item := batchItem{ID: strconv.Itoa(i), Method: r.Method, URL: strings.TrimPrefix(r.Path, "/"+version), Headers: map[string]string{}, Body: r.Body}
		if r.Body != nil {
			item.Headers["Content-Type"] = "application/json" // without it Graph refuses an item with a body
		}
		if r.Eager {
			item.Headers["ConsistencyLevel"] = "eventual"
		}
		items, again = append(items, item), again && r.repeatable()
	}
	var answer struct {
		Responses []struct {
			ID      string            `json:"id"`
			Status  int               `json:"status"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
		} `json:"responses"`
	}
	whole := Request{Method: http.MethodPost, Path: "/" + version + "/$batch", Body: map[string]any{"requests": items}, Again: again}
	if err := c.Do(ctx, whole, &answer); err != nil {
		return nil, err
	}
	answers := map[int]Answer{}
	for _, r := range answer.Responses {
		i, err := strconv.Atoi(r.ID)
		if err != nil {
			continue
		}
		header := http.Header{}
		for name, value := range r.Headers {
			header.Set(name, value)
		}
		answers[i] = Answer{r.Status, header, r.Body}
	}
	return answers, nil
}

// Lists, page after page.
package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// mostPages bounds a list: with 999 rows a page, ten million rows.
const mostPages = 10_000

// List reads the whole list at path. Where eager is true it is an advanced query.
func List[T any](ctx context.Context, c *Client, path string, eager bool) ([]T, error) {
	all := []T{}
	for range mostPages {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Eager: eager}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			return all, nil
		}
		next, err := c.next(page.Next)
		if err != nil {
			return nil, err
		}
		if next == path {
			return nil, errors.New("the list of Microsoft's goes round in a circle")
		}
		path = next
	}
	return nil, errors.New("the list of Microsoft's has no end")
}

// next is the path of a link to the next page. The token goes only where the first page was.
func (c *Client) next(link string) (string, error) {
	path, inside := strings.CutPrefix(link, c.at.Graph)
	u, err := url.Parse(link)
	if err != nil || !inside || u.User != nil || !strings.HasPrefix(path, "/") {
		return "", errors.New("the next page of Microsoft's list is said to be at another host, where nothing is sent")
	}
	return path, nil
}

package forwardauth_test

import (
	"io"
	"net/http"
	"testing"

	"woggle/test/proxy"
)

// question is a request that a proxy asks about.
type question struct {
	method, host, target string // GET, wiki.example.org, /
	cookie               string // of the host, or empty
	header               http.Header
	script               bool // not a person's browser
}

// ask asks a node in the name of a proxy.
func ask(t testing.TB, wg *proxy.Woggle, node int, name string, q question) *http.Response {
	t.Helper()
	request := &http.Request{Method: or(q.method, "GET"), Host: or(q.host, "wiki.example.org"), RequestURI: or(q.target, "/"), Header: http.Header{}}
	if !q.script {
		request.Header.Set("Accept", "text/html")
		request.Header.Set("Sec-Fetch-Mode", "navigate")
	}
	if q.cookie != "" {
		request.Header.Set("Cookie", "__Host-woggle-app="+q.cookie)
	}
	asked, err := proxy.Question(name, wg.Address(node), request)
	if err != nil {
		t.Fatal(err)
	}
	for header, values := range q.header {
		asked.Header[header] = values
	}
	return send(t, asked)
}

// send sends a request as it is, and follows nothing.
func send(t testing.TB, r *http.Request) *http.Response {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHowFarAProviderCanBeReached(t *testing.T) {
	asked := func(http.ResponseWriter, *http.Request) { t.Error("something was asked for") }
	open := httptest.NewServer(http.HandlerFunc(asked))
	defer open.Close()
	strange := httptest.NewTLSServer(http.HandlerFunc(asked)) // with a certificate of nobody's
	defer strange.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes the connection, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for address, wrong := range map[string]string{
		open.URL + "/x?y=z":                 "",
		strange.URL:                         "certificate",
		"https://" + silent.Addr().String(): "deadline",
		"http://127.0.0.1:1":                "refused",
		"http://[::1":                       "not one",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := Reach(ctx, address)
		cancel()
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) && !strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

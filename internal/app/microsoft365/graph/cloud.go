// Microsoft's clouds: the same services, at other addresses.
package graph

import (
	"errors"
	"net"
	"net/url"
)

// Cloud names one of Microsoft's clouds.
type Cloud string

// The clouds.
const (
	Global Cloud = "global"
	US     Cloud = "us"    // government of the United States (GCC High)
	China  Cloud = "china" // operated by 21Vianet
)

// Endpoints are where a cloud is.
type Endpoints struct {
	Login string // gives tokens
	Graph string
	Scope string // what a token is asked for: the real Graph, also where a test stands in for it
}

var clouds = map[Cloud]Endpoints{
	Global: {"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://graph.microsoft.com/.default"},
	US:     {"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://graph.microsoft.us/.default"},
	China:  {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default"},
}

// Endpoints are those of the cloud; false if there is no such cloud.
func (c Cloud) Endpoints() (Endpoints, bool) {
	e, known := clouds[c]
	return e, known
}

// check refuses everything but https, save on this computer, where tests stand in for Microsoft.
func (e Endpoints) check() error {
	for _, address := range []string{e.Login, e.Graph} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" {
			return errors.New("this is not the address of a cloud: " + address)
		}
		if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
			return errors.New("the address of a cloud has to begin with https://: " + address)
		}
	}
	return nil
}

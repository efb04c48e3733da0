// A browser's name in plain words, so that people recognise their own.
package session

import "strings"

// Browser is a User-Agent header (RFC 9110 section 10.1.5) in plain words, "Firefox on Windows"; empty where it is not
// known. The order matters, because browsers also carry the names of those that they imitate.
func Browser(agent string) string {
	name := first(agent, [][2]string{{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := first(agent, [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "Mac"}, {"CrOS", "Chromebook"}, {"Linux", "Linux"}})
	switch {
	case name == "":
		return system
	case system == "":
		return name
	}
	return name + " · " + system
}

func first(agent string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(agent, n[0]) {
			return n[1]
		}
	}
	return ""
}

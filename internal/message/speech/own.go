// This file owns an organisation's own recordings.

package speech

func withOwn(clips map[string][]byte, folder string) (*Library, error) { return &Library{clips}, nil }

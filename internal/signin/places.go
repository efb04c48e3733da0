// Places: where methods are, and whether what one accident takes leaves another way in.
package signin

import "slices"

// Place is where a method is, as an accident would find it.
type Place string

// The places.
const (
	Handset  Place = "handset"  // the mobile phone: texts, calls, an app, a passkey that never leaves it
	Landline Place = "landline" // a phone at home
	Account  Place = "account"  // a passkey that a maker's account brings to the next device
	Token    Place = "token"    // a thing of its own: a security key
	Paper    Place = "paper"    // printed codes
	Nowhere  Place = ""         // not to be counted on: it is nearly used up
)

// Light tells a person how sure they are to get in again, as a traffic light.
type Light string

// The lights.
const (
	Red   Light = "red"   // one way in, or none: when it is lost, they are locked out
	Amber Light = "amber" // more than one, but one accident takes all
	Green Light = "green" // two ways that no one accident takes
)

// LightOf is the light of somebody whose usable methods are at the places.
func LightOf(places []Place) Light {
	apart := slices.Compact(slices.Sorted(slices.Values(places)))
	switch {
	case len(apart) > 1:
		return Green
	case len(places) > 1:
		return Amber
	}
	return Red
}

// Light is how sure somebody with the methods is to get in again.
func (f *Flow) Light(enrolled []Enrolled) Light { return LightOf(f.places(enrolled)) }

func (f *Flow) places(enrolled []Enrolled) (all []Place) {
	for _, e := range possessions(enrolled, nil) {
		m, ok := f.methods[e.Kind].(Placed)
		if !ok {
			continue
		}
		if place := m.Place(e); place != Nowhere {
			all = append(all, place)
		}
	}
	return all
}

package weather

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Place is an entry of the option places.
type Place struct {
	Name      string  `option:"name" doc:"What displays call it, the key of its readings, at most 60 characters." required:"true"`
	Latitude  float64 `option:"latitude" doc:"Degrees north, negative in the south." required:"true" min:"-90" max:"90"`
	Longitude float64 `option:"longitude" doc:"Degrees east, negative in the west." required:"true" min:"-180" max:"180"`
}

// maxName bounds the characters of a name; as a key it may have four times as many bytes.
const maxName = 60

// Check returns all that is wrong with a list of places of which there may be most.
func Check(places []Place, most int) error {
	if len(places) == 0 {
		return errors.New("places is empty: want at least one, as in places: [{name: Oslo, latitude: 59.91, longitude: 10.75}]")
	}
	if len(places) > most {
		return fmt.Errorf("places has %d entries, want at most %d", len(places), most)
	}
	var errs []error
	names := make(map[string]bool, len(places))
	for i, p := range places {
		switch n := utf8.RuneCountInString(p.Name); {
		case strings.TrimSpace(p.Name) == "":
			errs = append(errs, fmt.Errorf("place %d of places has no name", i+1))
		case n > maxName:
			errs = append(errs, fmt.Errorf("place %d of places: the name has %d characters, want at most %d", i+1, n, maxName))
		case names[p.Name]:
			errs = append(errs, fmt.Errorf("place %q stands in places twice; the name is the key of its readings, so give each its own", p.Name))
		}
		names[p.Name] = true
		if err := CheckPosition(p.Latitude, p.Longitude); err != nil {
			errs = append(errs, fmt.Errorf("place %q: %w", p.Name, err))
		}
	}
	return errors.Join(errs...)
}

// CheckPosition returns what is wrong with a position in degrees.
func CheckPosition(latitude, longitude float64) error {
	switch {
	case math.IsNaN(latitude) || math.Abs(latitude) > 90:
		return fmt.Errorf("latitude %g: want -90 to 90 degrees north", latitude)
	case math.IsNaN(longitude) || math.Abs(longitude) > 180:
		return fmt.Errorf("longitude %g: want -180 to 180 degrees east", longitude)
	}
	return nil
}

// Degrees returns an angle for a request, with at most four decimals: that is eleven
// metres, and sources refuse or cannot cache what is finer.
func Degrees(v float64) string {
	v = math.Round(v*1e4)/1e4 + 0
	return strconv.FormatFloat(v, 'f', -1, 64)
}

package simulated

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// A Place is where weather is simulated.
type Place struct {
	Location  string  `option:"location" doc:"Name, the key of its readings, at most 80 characters." required:"true"`
	Country   string  `option:"country" doc:"ISO 3166 code of two letters."`
	Latitude  float64 `option:"latitude" doc:"Degrees north, -90 to 90." required:"true"`
	Longitude float64 `option:"longitude" doc:"Degrees east, -180 to 180." required:"true"`
	Timezone  string  `option:"timezone" doc:"IANA name, passed on to displays." default:"UTC"`
}

// A climate is what the weather of a place wanders around.
type climate struct {
	mean    float64 // temperature over the year, °C
	season  float64 // warmest month above the mean, °C
	hours   float64 // warmest hour above the mean of a day, °C
	dry     float64 // how far the dew point lies below the temperature, °C
	wet     float64 // part of the time with precipitation
	wind    float64 // m/s
	restive float64 // deviation of the temperature from one week to another, °C
}

// A site is a place with its climate.
type site struct {
	Place
	climate
}

// cities are real, their weather here is not. The figures are rough ones.
var cities = []site{
	{Place{"Reykjavik", "IS", 64.15, -21.94, "Atlantic/Reykjavik"}, climate{5.2, 6, 2.0, 3.0, 0.22, 6.2, 3.0}},
	{Place{"Lisbon", "PT", 38.72, -9.14, "Europe/Lisbon"}, climate{17.4, 6, 4.0, 6.0, 0.08, 4.2, 2.2}},
	{Place{"Hamburg", "DE", 53.55, 9.99, "Europe/Berlin"}, climate{9.8, 8.5, 3.4, 3.2, 0.17, 4.4, 3.4}},
	{Place{"Tromsø", "NO", 69.65, 18.96, "Europe/Oslo"}, climate{3.0, 8, 1.8, 3.2, 0.20, 4.0, 3.2}},
	{Place{"Nairobi", "KE", -1.29, 36.82, "Africa/Nairobi"}, climate{18.8, 1.6, 5.4, 5.0, 0.10, 3.2, 1.4}},
	{Place{"Mumbai", "IN", 19.08, 72.88, "Asia/Kolkata"}, climate{27.2, 2.4, 3.6, 4.6, 0.14, 3.4, 1.2}},
	{Place{"Singapore", "SG", 1.35, 103.82, "Asia/Singapore"}, climate{27.6, 0.6, 3.2, 3.6, 0.15, 2.4, 0.9}},
	{Place{"Tokyo", "JP", 35.68, 139.69, "Asia/Tokyo"}, climate{15.8, 10.5, 3.6, 5.2, 0.13, 3.2, 2.6}},
	{Place{"Sydney", "AU", -33.87, 151.21, "Australia/Sydney"}, climate{18.0, 5.2, 3.8, 5.6, 0.12, 4.0, 2.4}},
	{Place{"Vancouver", "CA", 49.28, -123.12, "America/Vancouver"}, climate{10.8, 7.4, 3.2, 3.2, 0.18, 3.2, 2.4}},
	{Place{"Chicago", "US", 41.88, -87.63, "America/Chicago"}, climate{10.6, 13.5, 4.2, 5.0, 0.13, 4.8, 4.4}},
	{Place{"Buenos Aires", "AR", -34.60, -58.38, "America/Argentina/Buenos_Aires"}, climate{17.9, 7.0, 4.2, 4.6, 0.11, 3.8, 2.8}},
}

// placesMax bounds the places of one feed.
const placesMax = 200

// complete fills the defaults in and checks the rest.
func (p *Place) complete() error {
	if p.Timezone == "" {
		p.Timezone = "UTC"
	}
	switch n := utf8.RuneCountInString(p.Location); {
	case n == 0 || n > 80:
		return fmt.Errorf("location %.40q: want a name of 1 to 80 characters", p.Location)
	case !(math.Abs(p.Latitude) <= 90): // refuses NaN as well
		return fmt.Errorf("location %q: latitude %v: want -90 to 90", p.Location, p.Latitude)
	case !(math.Abs(p.Longitude) <= 180):
		return fmt.Errorf("location %q: longitude %v: want -180 to 180", p.Location, p.Longitude)
	}
	return nil
}

// guess returns a climate as it may be at a latitude, without sea or mountains.
func guess(latitude float64) climate {
	away := math.Abs(latitude)
	return climate{
		mean:    27.5 - 0.0058*away*away,
		season:  0.6 + 0.2*away,
		hours:   4,
		dry:     4.5,
		wet:     0.14,
		wind:    3.8,
		restive: 1 + 0.045*away,
	}
}

// sites returns the places to report: own ones if there are any, otherwise the
// cities; of these, those with the wanted names, in that order.
func sites(own []Place, names []string) ([]site, error) {
	list := slices.Clone(cities)
	if len(own) > 0 {
		list = nil
	}
	for _, p := range own {
		list = append(list, site{p, guess(p.Latitude)})
	}
	var known []string
	for i := range list {
		if err := list[i].complete(); err != nil {
			return nil, err
		}
		if slices.Contains(known, list[i].Location) {
			return nil, fmt.Errorf("location %q is listed twice", list[i].Location)
		}
		known = append(known, list[i].Location)
	}
	if len(names) > 0 {
		var wanted []site
		for n, name := range names {
			i := slices.Index(known, name)
			if i < 0 {
				return nil, unknownWord("location", name, known)
			}
			if slices.Contains(names[:n], name) {
				return nil, fmt.Errorf("location %q is wanted twice", name)
			}
			wanted = append(wanted, list[i])
		}
		list = wanted
	}
	if len(list) > placesMax {
		return nil, fmt.Errorf("%d locations are listed, at most %d are allowed", len(list), placesMax)
	}
	return list, nil
}

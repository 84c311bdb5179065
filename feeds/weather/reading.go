package weather

import "time"

// The words for the sky. Pages draw a picture for each.
const (
	Clear        = "clear"
	PartlyCloudy = "partly cloudy"
	Cloudy       = "cloudy"
	Fog          = "fog"
	Drizzle      = "drizzle"
	Rain         = "rain"
	Snow         = "snow"
	Thunderstorm = "thunderstorm"
)

// What [Reading.RainPeriod] can be.
const (
	LastHour = "last hour" // fell, before the reading's time
	NextHour = "next hour" // is expected, after it
)

// A Reading is the data of an item on the topic weather. A nil number is unknown. Kinds
// that know more embed it.
type Reading struct {
	Location            string   `json:"location"` // the key
	Latitude            float64  `json:"latitude"` // as configured, not as the source's grid has it
	Longitude           float64  `json:"longitude"`
	Timezone            string   `json:"timezone,omitempty"`  // IANA name
	Condition           string   `json:"condition,omitempty"` // a word for the sky; "" is unknown
	Symbol              string   `json:"symbol,omitempty"`    // the picture's name; see [Symbol]
	Temperature         *float64 `json:"temperature"`         // °C
	ApparentTemperature *float64 `json:"apparent_temperature,omitempty"`
	Humidity            *float64 `json:"humidity"`                 // percent
	Pressure            *float64 `json:"pressure"`                 // hPa at sea level
	Wind                *float64 `json:"wind"`                     // m/s
	WindDirection       *float64 `json:"wind_direction,omitempty"` // degrees, where it comes from, 0 is north
	WindGust            *float64 `json:"wind_gust,omitempty"`      // m/s
	Rain                *float64 `json:"rain"`                     // mm of water in RainPeriod, snow melted
	RainPeriod          string   `json:"rain_period,omitempty"`
	Day                 *bool    `json:"day,omitempty"` // whether the sun is up
	Units               Units    `json:"units"`

	SourceTime *time.Time `json:"source_time,omitempty"` // the source's own time, where that lies in the future
}

// Units says which units a reading's numbers have.
type Units struct {
	Temperature string `json:"temperature"`
	Wind        string `json:"wind"`
	Rain        string `json:"rain"`
	Pressure    string `json:"pressure"`
}

// Canonical are the units of every item on the topic.
func Canonical() Units {
	return Units{Temperature: "°C", Wind: "m/s", Rain: "mm", Pressure: "hPa"}
}

// Symbol names the picture of a condition: clear and partly cloudy skies have one for
// day and one for night, and none where day is nil.
func Symbol(condition string, day *bool) string {
	light := ""
	if day != nil {
		light = "-night"
		if *day {
			light = "-day"
		}
	}
	switch condition {
	case Clear:
		return "clear" + light
	case PartlyCloudy:
		return "partly-cloudy" + light
	}
	return condition
}

// Dated returns at as the time of r's item. Where at lies after now, because one of the
// two clocks is wrong or the source speaks of the next hour, it returns now and notes at
// in r.
func (r *Reading) Dated(at, now time.Time) time.Time {
	if !at.After(now) {
		return at
	}
	at = at.UTC()
	r.SourceTime = &at
	return now.Truncate(time.Millisecond)
}

package openmeteo

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"tickertape/feeds/weather"
)

// An answer is what the API says of one place.
type answer struct {
	Reason string `json:"reason"` // why there is no answer

	Timezone  string            `json:"timezone"`
	UTCOffset int               `json:"utc_offset_seconds"`
	Units     map[string]string `json:"current_units"`
	Current   *current          `json:"current"`

	RainUnits map[string]string `json:"minutely_15_units"`
	Quarters  struct {
		Time []moment   `json:"time"` // when a quarter of an hour ends
		Rain []*float64 `json:"precipitation"`
	} `json:"minutely_15"`
}

// current holds the values of now; nil where the model has none.
type current struct {
	Time          moment   `json:"time"`
	Temperature   *float64 `json:"temperature_2m"`
	Apparent      *float64 `json:"apparent_temperature"`
	Humidity      *float64 `json:"relative_humidity_2m"`
	Day           *float64 `json:"is_day"`
	Code          *float64 `json:"weather_code"`
	Pressure      *float64 `json:"pressure_msl"`
	Wind          *float64 `json:"wind_speed_10m"`
	WindDirection *float64 `json:"wind_direction_10m"`
	WindGust      *float64 `json:"wind_gusts_10m"`
}

// lastSecond is the last one of the year 9998: what is later cannot be written.
const lastSecond = 253370764799

var zoneName = regexp.MustCompile(`^[A-Za-z0-9_+/-]{1,64}$`)

// A moment is a time in the form that was asked for, seconds since 1970, or in that of
// servers that do not know of it: local time without an offset.
type moment struct {
	seconds int64
	local   bool
}

// UnmarshalJSON reads either form.
func (m *moment) UnmarshalJSON(text []byte) error {
	var local string
	if len(text) > 0 && text[0] != '"' {
		return json.Unmarshal(text, &m.seconds)
	}
	if err := json.Unmarshal(text, &local); err != nil {
		return err
	}
	t, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		return fmt.Errorf("time %.40q: want seconds since 1970", local)
	}
	m.seconds, m.local = t.Unix(), true
	return nil
}

// unix returns the seconds since 1970 of a moment in a place.
func (m moment) unix(offset int) int64 {
	if m.local {
		return m.seconds - int64(offset)
	}
	return m.seconds
}

// data is an item's own fields.
type data struct {
	weather.Reading
	Code *int `json:"wmo_code,omitempty"` // present weather, WMO table 4677
}

// An observation is the weather of a place at a time.
type observation struct {
	at   time.Time
	data data
}

// answers is what the API says of places: an object for one, a list for more.
type answers []answer

// UnmarshalJSON reads either.
func (a *answers) UnmarshalJSON(text []byte) error {
	if text[0] != '{' {
		return json.Unmarshal(text, (*[]answer)(a))
	}
	*a = make([]answer, 1)
	return json.Unmarshal(text, &(*a)[0])
}

// observe reads the answers for places, which are in the same order.
func (a answers) observe(places []weather.Place) ([]observation, error) {
	if len(a) == 1 && a[0].Reason != "" {
		return nil, refusal(a[0].Reason)
	}
	if len(a) != len(places) {
		return nil, fmt.Errorf("the answer is about %d places; %d were asked for", len(a), len(places))
	}
	list := make([]observation, len(a))
	for i := range a {
		var err error
		if list[i], err = a[i].observe(places[i]); err != nil {
			return nil, fmt.Errorf("weather of %q: %w", places[i].Name, err)
		}
	}
	return list, nil
}

// observe turns an answer into the canonical units and words.
func (a *answer) observe(p weather.Place) (observation, error) {
	c := a.Current
	if c == nil || c.Time.seconds <= 0 || c.Time.seconds > lastSecond {
		return observation{}, errors.New("the answer has no current values or no time")
	}
	d := data{Reading: weather.Reading{
		Location: p.Name, Latitude: p.Latitude, Longitude: p.Longitude, Timezone: zoneName.FindString(a.Timezone),
		Humidity: c.Humidity, WindDirection: c.WindDirection, Units: weather.Canonical(),
	}}
	if c.Day != nil {
		day := *c.Day != 0
		d.Day = &day
	}
	if c.Code != nil {
		code := int(*c.Code)
		d.Code, d.Condition = &code, condition(code)
		d.Symbol = weather.Symbol(d.Condition, d.Day)
	}
	var errs []error
	for _, v := range []struct {
		to       **float64
		quantity weather.Quantity
		value    *float64
		name     string
	}{
		{&d.Temperature, weather.Temperature, c.Temperature, "temperature_2m"},
		{&d.ApparentTemperature, weather.Temperature, c.Apparent, "apparent_temperature"},
		{&d.Pressure, weather.Pressure, c.Pressure, "pressure_msl"},
		{&d.Wind, weather.Speed, c.Wind, "wind_speed_10m"},
		{&d.WindGust, weather.Speed, c.WindGust, "wind_gusts_10m"},
		{&d.Rain, weather.Precipitation, a.lastHour(), ""},
	} {
		unit := a.Units[v.name]
		if v.name == "" {
			unit = a.RainUnits["precipitation"]
		}
		var err error
		*v.to, err = weather.Convert(v.quantity, v.value, unit)
		errs = append(errs, err)
	}
	if d.Rain != nil {
		d.RainPeriod = weather.LastHour
	}
	return observation{at: time.Unix(c.Time.unix(a.UTCOffset), 0).UTC(), data: d}, errors.Join(errs...)
}

// lastHour adds up what fell in the four quarters before the current time; nil where
// one of them is missing.
func (a *answer) lastHour() *float64 {
	until := a.Current.Time.unix(a.UTCOffset)
	sum, quarters := 0.0, 0
	for i, at := range a.Quarters.Time {
		age := until - at.unix(a.UTCOffset)
		if age < 0 || age >= 3600 || i >= len(a.Quarters.Rain) || a.Quarters.Rain[i] == nil {
			continue
		}
		sum += *a.Quarters.Rain[i]
		quarters++
	}
	if quarters != 4 {
		return nil
	}
	return &sum
}

// condition returns the word for a code of WMO table 4677, as far as the API uses it;
// "" for others.
func condition(code int) string {
	switch {
	case code == 0, code == 1: // clear, mainly clear
		return weather.Clear
	case code == 2:
		return weather.PartlyCloudy
	case code == 3: // overcast
		return weather.Cloudy
	case code == 45, code == 48: // also with rime
		return weather.Fog
	case code >= 51 && code <= 57: // also freezing
		return weather.Drizzle
	case code >= 61 && code <= 67, code >= 80 && code <= 82: // also freezing; showers
		return weather.Rain
	case code >= 71 && code <= 77, code == 85, code == 86: // also grains; showers
		return weather.Snow
	case code >= 95 && code <= 99: // also with hail
		return weather.Thunderstorm
	}
	return ""
}

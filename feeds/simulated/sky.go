package simulated

import (
	"math"
	"math/rand/v2"
	"time"
)

// skyStepMax bounds one step: a longer pause of the machine is not made up for.
const skyStepMax = 6 * time.Hour

// A sky is the weather of one site. Its swings have mean 0 and deviation 1.
type sky struct {
	site
	front  swing   // fair (-) or foul (+): clouds and rain
	air    swing   // cold or warm
	damp   swing   // damp or dry
	weight swing   // pressure beside what the front does
	breeze swing   // calm or windy
	turn   swing   // wind direction
	home   float64 // direction that the wind mostly comes from, degrees
}

func newSky(r *rand.Rand, s site) *sky {
	mass := swing{memory: 40 * time.Hour, smoothing: 10 * time.Minute}
	k := &sky{
		site:   s,
		front:  swing{memory: 5 * time.Hour, smoothing: 90 * time.Minute},
		air:    mass,
		damp:   mass,
		weight: swing{memory: 40 * time.Hour, smoothing: time.Hour},
		breeze: swing{memory: 4 * time.Hour, smoothing: 5 * time.Minute},
		turn:   swing{memory: 20 * time.Hour, smoothing: 5 * time.Minute},
		home:   360 * r.Float64(),
	}
	for _, w := range k.swings() {
		w.settle(r)
	}
	return k
}

func (k *sky) swings() []*swing {
	return []*swing{&k.front, &k.air, &k.damp, &k.weight, &k.breeze, &k.turn}
}

// advance moves the weather on by dt.
func (k *sky) advance(r *rand.Rand, dt time.Duration) {
	dt = min(max(dt, 0), skyStepMax)
	for _, w := range k.swings() {
		w.step(r, dt)
	}
}

// A reading is the data of an item of the kind simulated_weather.
type reading struct {
	Location            string  `json:"location"`
	Country             string  `json:"country,omitempty"` // ISO 3166, two letters
	Latitude            float64 `json:"latitude"`
	Longitude           float64 `json:"longitude"`
	Timezone            string  `json:"timezone"`
	Condition           string  `json:"condition"`
	Symbol              string  `json:"symbol"`               // the condition as the name of a picture, as "partly-cloudy-night"
	Temperature         float64 `json:"temperature"`          // °C
	ApparentTemperature float64 `json:"apparent_temperature"` // °C
	Humidity            int     `json:"humidity"`             // percent
	Pressure            float64 `json:"pressure"`             // hPa at sea level
	Wind                float64 `json:"wind"`                 // m/s
	WindDirection       int     `json:"wind_direction"`       // degrees, where it comes from, 0 is north
	Rain                float64 `json:"rain"`                 // mm of water in the last hour, snow melted
	Day                 bool    `json:"day"`
	Units               units   `json:"units"`
}

type units struct {
	Temperature string `json:"temperature"`
	Wind        string `json:"wind"`
	Rain        string `json:"rain"`
	Pressure    string `json:"pressure"`
}

var metric = units{Temperature: "°C", Wind: "m/s", Rain: "mm", Pressure: "hPa"}

// read returns the weather of the site at the time now.
func (k *sky) read(now time.Time) reading {
	clouds := normal(k.front.value()) // 0 to 1, evenly over the year
	rain := k.rain()
	mass := k.mean + k.season*seasonal(now, k.Latitude) + k.restive*k.air.value()
	temperature := mass + k.daily(now, clouds)
	humidity := k.humidity(mass, temperature, clouds, rain)
	wind := k.blow(rain)
	day := elevation(now, k.Latitude, k.Longitude) > -0.83
	condition := condition(clouds, rain, temperature, humidity, wind)
	switch {
	case condition == "fog":
		humidity = max(humidity, 97)
	case rain == 0: // air this damp would be foggy if it stood still
		humidity = min(humidity, 94)
	}
	return reading{
		Location:            k.Location,
		Country:             k.Country,
		Latitude:            k.Latitude,
		Longitude:           k.Longitude,
		Timezone:            k.Timezone,
		Condition:           condition,
		Symbol:              picture(condition, day),
		Temperature:         round(temperature, 1),
		ApparentTemperature: round(apparent(temperature, humidity, wind), 1),
		Humidity:            int(math.Round(humidity)),
		Pressure:            round(1014-7*k.front.value()+6*k.weight.value(), 1),
		Wind:                round(wind, 1),
		WindDirection:       int(math.Round(k.home+70*k.turn.value()+3600)) % 360,
		Rain:                rain,
		Day:                 day,
		Units:               metric,
	}
}

// rain returns mm in an hour; the foulest part of the clouds brings it.
func (k *sky) rain() float64 {
	foul := normal(k.front.value()) - (1 - k.wet)
	if foul <= 0 {
		return 0
	}
	return max(0.1, round(10*math.Pow(foul/k.wet, 4), 1))
}

// daily returns how much warmer than the air mass this hour is, in °C; clouds and
// a low sun flatten the day.
func (k *sky) daily(now time.Time, clouds float64) float64 {
	noon := max(0, math.Sin(radians(90-math.Abs(k.Latitude-declination(now)))))
	return k.hours * (0.25 + 0.75*noon) * (1.2 - 0.8*clouds) * diurnal(solarHour(now, k.Longitude))
}

// humidity follows from the dew point, which belongs to the air mass: the same air
// is damper in the cool of the night, and rain dampens it.
func (k *sky) humidity(mass, temperature, clouds, rain float64) float64 {
	dew := mass - k.dry*math.Exp(0.4*k.damp.value())*(1.45-clouds)
	if rain > 0 {
		dew = max(dew, temperature-2.5/(1+0.3*rain))
	}
	return min(max(100*vapour(min(dew, temperature))/vapour(temperature), 12), 100)
}

// blow returns the wind in m/s.
func (k *sky) blow(rain float64) float64 {
	return min(k.wind*math.Exp(0.45*k.breeze.value()-0.1)*(1+0.06*min(rain, 8)), 32)
}

// condition names the weather.
func condition(clouds, rain, temperature, humidity, wind float64) string {
	switch {
	case rain > 0 && temperature <= 0.8:
		return "snow"
	case rain >= 5 && temperature > 15:
		return "thunderstorm"
	case rain >= 0.5:
		return "rain"
	case rain > 0:
		return "drizzle"
	case humidity >= 95 && wind < 2.6:
		return "fog"
	case clouds < 0.3:
		return "clear"
	case clouds < 0.58:
		return "partly cloudy"
	}
	return "cloudy"
}

// picture names the icon of a condition.
func picture(condition string, day bool) string {
	light := "-night"
	if day {
		light = "-day"
	}
	switch condition {
	case "clear":
		return "clear" + light
	case "partly cloudy":
		return "partly-cloudy" + light
	}
	return condition
}

// normal is the distribution function of the normal distribution.
func normal(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// vapour is the pressure of saturated water vapour in hPa (Magnus).
func vapour(celsius float64) float64 { return 6.112 * math.Exp(17.62*celsius/(243.12+celsius)) }

// apparent is how warm it feels in the shade (Steadman), in °C.
func apparent(temperature, humidity, wind float64) float64 {
	return temperature + 0.33*humidity/100*vapour(temperature) - 0.7*wind - 4
}

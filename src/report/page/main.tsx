import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import './page.css'
import { App } from './app.js'
import type { PageData } from './data.js'

const text = document.getElementById('data')?.textContent ?? ''
const place = document.getElementById('page')
if (place) render(<App data={JSON.parse(text) as PageData} />, place)

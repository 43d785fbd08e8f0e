// Fastify with node-postgres and hand-written SQL: prepared statements, JSON Schema for bodies and answers.
import Fastify from 'fastify'
import pg from 'pg'
import QueryStream from 'pg-query-stream'

pg.types.setTypeParser(1082, (day) => day) // a date is a date, not an instant
const address = new URL(process.env.DATABASE_URL.replace('@/', '@localhost/'))
const pool = new pg.Pool({
  user: decodeURIComponent(address.username),
  password: decodeURIComponent(address.password),
  database: address.pathname.slice(1),
  host: address.searchParams.get('host') ?? address.hostname,
  port: Number(address.searchParams.get('port') ?? (address.port || 5432)),
  max: Number(process.env.POOL)
})
const app = Fastify({ logger: false, bodyLimit: 64_000_000 })
const text = { type: ['string', 'null'] }
const number = { type: ['integer', 'null'] }
const any = { type: 'array', items: { type: 'object', additionalProperties: true } }
const texts = { type: 'array', items: { type: 'string' } }
const fields = {
  title: { type: 'string', maxLength: 1000 }, kind: { type: 'string' }, status: { type: 'string' }, start_date: text,
  end_date: text, date_precision: { type: 'string' }, mode: text, city: text, country: text, countries: texts, goals: any,
  organisations: any, summary: text, outcome: text, registered: number, attended: number, note: text
}
const event = {
  type: 'object',
  properties: {
    id: { type: 'string' }, ...fields, activities: any, aliases: texts, former_dates: any, sources: any, keys: texts,
    version: { type: 'integer' }, created_at: { type: 'string' }, updated_at: { type: 'string' }
  }
}
const columns = Object.keys(event.properties).join(', ')
const run = async (name, sql, values) => (await pool.query({ name, text: sql, values })).rows

app.get('/livez', async () => 'ok')

app.get('/events/:id', { schema: { response: { 200: event } } }, async (request, reply) => {
  const [found] = await run('one', `select ${columns} from events where id = $1`, [request.params.id])
  return found ?? reply.code(404).send()
})

const page = { type: 'object', properties: { items: { type: 'array', items: event } } }
const order = (sort) => (sort.startsWith('-') ? `${sort.slice(1)} desc, id desc` : `${sort}, id`)
const sorts = ['start_date', '-start_date', 'title', '-title']
const asked = {
  type: 'object',
  properties: { kind: { type: 'string' }, sort: { enum: sorts, default: '-start_date' }, limit: { type: 'integer', default: 50 } }
}
app.get('/events', { schema: { querystring: asked, response: { 200: page } } }, async (request) => {
  const { kind, sort, limit } = request.query
  const sql = `select ${columns} from events where kind = any($1) order by ${order(sort)} limit $2`
  return { items: await run(`list ${sort}`, sql, [kind.split(','), limit]) }
})

const body = { type: 'object', additionalProperties: false, required: ['title', 'kind'], properties: fields }
app.post('/events', { schema: { body, response: { 201: event } } }, async (request, reply) => {
  const new_ = request.body
  const [goals, bodies] = await Promise.all([
    run('goals', 'select id, number from goals where number = any($1)', [(new_.goals ?? []).map((each) => each.number)]),
    run('bodies', 'select id, code from organisations where code = any($1)', [(new_.organisations ?? []).map((each) => each.code)])
  ])
  const numbers = new Map(goals.map((each) => [each.number, each.id]))
  const codes = new Map(bodies.map((each) => [each.code, each.id]))
  const values = {
    date_precision: 'day', ...new_,
    goals: JSON.stringify((new_.goals ?? []).map((each) => ({ id: numbers.get(each.number), ...each }))),
    organisations: JSON.stringify((new_.organisations ?? []).map((each) => ({ id: codes.get(each.code), ...each })))
  }
  const names = Object.keys(values)
  const sql = `insert into events (${names}) values (${names.map((_, place) => `$${place + 1}`)}) returning ${columns}`
  const [made] = (await pool.query(sql, Object.values(values))).rows
  return reply.code(201).send(made)
})

const patch = { type: 'object', additionalProperties: false, properties: { title: fields.title, status: fields.status, city: text, registered: number, attended: number, note: text } }
app.patch('/events/:id', { schema: { body: patch, response: { 200: event } } }, async (request, reply) => {
  const names = Object.keys(request.body)
  const sql = `update events set ${names.map((name, place) => `${name} = $${place + 2}`)} where id = $1 returning ${columns}`
  const [changed] = await run(`patch ${names}`, sql, [request.params.id, ...Object.values(request.body)])
  return changed ?? reply.code(404).send()
})

const hits = { type: 'object', properties: { items: { type: 'array', items: { type: 'object', properties: { kind: { type: 'string' }, id: { type: 'string' }, title: { type: 'string' }, score: { type: 'number' } } } } } }
const byWords = `select kind, record_id as id, title, ts_rank(words, q) as score from search_texts,
  websearch_to_tsquery('english', $1) q where words @@ q order by score desc limit $2`
// As the register ranks: the newest thousand hits, and what has the words in its title before what has them in its text.
const byTitle = `with asked as materialized (
    select q, websearch_to_tsquery('english', q) as words, ' ' || q || ' ' as spaced,
      array(select like_pattern(term) from unnest(string_to_array($1, ' ')) term) as patterns from fold($1) q)
  select kind, record_id as id, title, round((3 + ts_rank(words, q_words, 16) + case when strpos(spaced, q_spaced) > 0
      then 2 else (spaced like all(patterns))::int + word_similarity(q, spaced) end) * 10000) / 10000 as score
  from (select h.*, ' ' || case when octet_length(title) = char_length(title) then lower(title) else fold(title) end || ' '
      as spaced, q, patterns, a.words as q_words, a.spaced as q_spaced
    from asked a, lateral (select kind, record_id, title, words from search_texts t
      where t.words @@ a.words order by record_id desc limit 1000) h offset 0) h
  order by score desc, id limit $2`
const search = process.env.RANKING === 'title' ? byTitle : byWords
app.get('/search', { schema: { response: { 200: hits } } }, async (request) => {
  return { items: await run('search', search, [request.query.q, Number(request.query.limit ?? 20)]) }
})

app.post('/activities/bulk', async (request) => {
  const sql = `insert into activities (code, title, goal_id, lead_id, countries, start_date, end_date, status, description)
    select r.code, r.title, g.id, o.id, r.countries, r.start_date, r.end_date, r.status, r.description
    from jsonb_to_recordset($1::jsonb) r(code text, title text, goal jsonb, lead jsonb, countries text[], start_date date,
      end_date date, status text, description text)
    join goals g on g.number = (r.goal ->> 'number')::int left join organisations o on o.code = r.lead ->> 'code'
    on conflict (code) do update set title = excluded.title, goal_id = excluded.goal_id, lead_id = excluded.lead_id,
      countries = excluded.countries, start_date = excluded.start_date, end_date = excluded.end_date,
      status = excluded.status, description = excluded.description`
  return { written: (await pool.query(sql, [JSON.stringify(request.body)])).rowCount }
})

app.get('/export', { schema: { querystring: asked } }, async (request, reply) => {
  const client = await pool.connect()
  const sql = `select row_to_json(e)::text as line from (select ${columns} from events where kind = any($1)
    order by ${order(request.query.sort)}) e`
  const rows = client.query(new QueryStream(sql, [request.query.kind.split(',')], { batchSize: 1000 }))
  const lines = rows.map((row) => row.line + '\n')
  rows.on('close', () => client.release())
  return reply.type('application/x-ndjson').send(lines)
})

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })

/** A process with a contestant in it, told by its parent what to do: serve, await, or nothing. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { contestants } from './contestants.mjs';

const [contestant, threshold] = process.argv.slice(2);
let reports = 0;
contestants[contestant](Number(threshold), () => reports++);

const row = { id: 17, name: 'a row of a table', tags: ['some', 'more'], price: 12.5 };
const server = createServer((_request, response) => {
  void Promise.resolve(row).then((found) => response.end(JSON.stringify({ rows: [found, found, found, found] })));
});

/** Nanoseconds of CPU that this thread has used. */
const cpu = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]);
const mark = () => ({ thread: cpu(), all: process.cpuUsage(), at: performance.now(), rss: process.memoryUsage.rss(), reports });

const nothing = Promise.resolve();
async function awaits(n) {
  const before = cpu();
  for (let i = 0; i < n; i++) await nothing;
  return (cpu() - before) / n;
}

process.on('message', ([order, argument]) => {
  if (order === 'mark') process.send(mark());
  else void awaits(argument).then((nanoseconds) => process.send({ nanoseconds }));
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

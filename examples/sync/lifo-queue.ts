import { LifoQueue } from 'offloop';

const history = new LifoQueue<string>();
for (const page of ['home', 'list', 'detail']) history.putNowait(page);
console.log(history.getNowait(), history.getNowait());

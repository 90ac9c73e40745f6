import { PriorityQueue } from 'offloop';

const mail = new PriorityQueue<[number, string]>();
mail.putNowait([2, 'newsletter']);
mail.putNowait([1, 'alarm']);
mail.putNowait([2, 'digest']);
while (!mail.empty) console.log(mail.getNowait()[1]);

const byLength = new PriorityQueue<{ text: string }>(0, (a, b) => a.text.length - b.text.length);
byLength.putNowait({ text: 'long' });
byLength.putNowait({ text: 'I' });
console.log(byLength.getNowait().text);

import { describe, expect, it } from 'vitest';
import { Parcel, unpack } from '../../src/executors/parcel.ts';
import { registerClass } from '../../src/wire/class-registry.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { CODED_VALUE, ERROR, JOB_FIELDS, LOAD_ERROR, VALUE } from '../../src/wire/protocol.ts';
import { move } from '../../src/wire/transfer.ts';
import { makeJob } from '../support/jobs.ts';

describe('Parcel', () => {
  it('holds four fields per job, with only the extras that are needed', () => {
    const parcel = new Parcel();
    const jobs = [makeJob({}, [1]), makeJob({ name: 'mine', timeout: 50 }, [2, 'x'])];
    for (const job of jobs) parcel.add(job);
    expect(parcel.jobs).toEqual(jobs);
    expect(parcel.batch).toEqual([1, jobs[0]!.id, [1], null, 1, jobs[1]!.id, [2, 'x'], { name: 'mine', timeout: 50 }]);
  });

  it('collects what is moved from all its jobs', () => {
    const parcel = new Parcel();
    const [a, b] = [new ArrayBuffer(8), new ArrayBuffer(8)];
    parcel.add(makeJob({}, [move(a)]));
    parcel.add(makeJob({}, ['plain']));
    parcel.add(makeJob({}, [{ deep: move(b) }]));
    expect(parcel.transfer).toEqual([a, b]);
  });

  it('holds nothing of a job whose arguments cannot be encoded', () => {
    class Shy {
      readonly mood = 'bad';
    }
    const encode = (): never => {
      throw new Error('no');
    };
    registerClass('parcel.test.Shy', Shy, { encode, decode: () => new Shy() });
    const parcel = new Parcel();
    parcel.add(makeJob({}, [1]));
    expect(() => parcel.add(makeJob({}, [new Shy()]))).toThrow('parcel.test.Shy');
    expect([parcel.jobs.length, parcel.batch.length]).toEqual([1, JOB_FIELDS]);
  });
});

describe('unpack', () => {
  const job = makeJob({ name: 'mine' });

  it('makes values and errors of what was posted', () => {
    expect(unpack(job, VALUE, 5)).toEqual({ ok: true, value: 5 });
    expect(unpack(job, ERROR, encodeThrown(new RangeError('far')))).toMatchObject({
      ok: false,
      error: { name: 'RangeError', message: 'far' },
    });
    expect(unpack(job, LOAD_ERROR, encodeThrown(new Error('gone')))).toMatchObject({
      ok: false,
      error: { why: 'load-failed', job: 'mine' },
    });
  });

  it('makes an error of a value whose class is not known here', () => {
    const outcome = unpack(job, CODED_VALUE, { 'offloop:class': 'parcel.test.Unknown', data: {} });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'OFFLOOP_INVALID_STATE' } });
  });
});

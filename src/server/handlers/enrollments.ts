import { enrollCodeToWire, enrollmentToWire, newEnrollCodeFromWire } from '../../api/enrollments.ts';
import type { Handlers } from './handler.ts';

export const enrollmentHandlers: Handlers<'enroll' | 'createEnrollCode'> = {
  async enroll({ services, body }) {
    return enrollmentToWire(await services.enrollment.enroll(body.code, body.name));
  },
  async createEnrollCode({ services, body }) {
    return enrollCodeToWire(await services.admin.createEnrollCode(newEnrollCodeFromWire(body)));
  },
};

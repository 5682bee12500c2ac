"""Gap: an inline Map without MaxConcurrency starts one thread per item.

AWS runs at most 40 iterations of an inline Map at a time, whatever MaxConcurrency says. moto also
walks from item to item by recursion, which ends at Python's recursion limit.
"""

from typing import Any

AWS_INLINE_LIMIT = 40


def close() -> None:
    """Bound the width and unroll the recursion."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        inline_iteration_component as inline,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        iteration_worker,
    )

    def bounded(self: Any, env: Any) -> None:
        asked = env.stack.pop()
        items = asked.input_items
        pool = inline.JobPool(job_program=self._get_iteration_program(), job_inputs=items)
        width = min(asked.max_concurrency or AWS_INLINE_LIMIT, AWS_INLINE_LIMIT, len(items))
        for _ in range(width):
            self._launch_worker(env=env, eval_input=asked, job_pool=pool)
        pool.await_jobs()
        failure = pool.get_worker_exception()
        if failure is not None:
            raise failure
        env.stack.append([closed.job_output for closed in pool.get_closed_jobs()])

    def one_after_another(self: Any, job: Any, worker_frame: Any) -> None:
        # The frame is closed before the job: the Map waits for jobs, not for workers.
        while job is not None:
            frame = worker_frame.open_inner_frame()
            self._eval_job(env=frame, job=job)
            worker_frame.close_frame(frame)
            if isinstance(job.job_output, Exception) or self.stopped():
                self._env.close_frame(worker_frame)
                self._job_pool.close_job(job)
                return
            following = self._job_pool.next_job()
            if following is None:
                worker_frame.event_history_context.source_event_id = (
                    frame.event_history_context.last_published_event_id
                )
                self._env.close_frame(worker_frame)
            self._job_pool.close_job(job)
            if following is None:
                return
            job = following
        self._env.close_frame(worker_frame)

    inline.InlineIterationComponent._eval_body = bounded
    iteration_worker.IterationWorker._eval_pool = one_after_another

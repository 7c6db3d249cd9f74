-- pg_cron writes a row about every run of a job and keeps it: 34,000 a day of those that run every
-- five seconds.
do $$ begin
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    perform cron.schedule('insights-forget-runs', '17 3 * * *',
      'delete from cron.job_run_details d using cron.job j where j.jobid = d.jobid '
      'and j.jobname like ''insights-%'' and d.end_time < now() - interval ''1 day''');
  end if;
exception when others then
  perform insights.note('pg_cron', 'cannot be given the removal of old runs: ' || sqlerrm);
end $$;

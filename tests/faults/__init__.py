"""What can go wrong in a session, and what the program does about it: one test at least for each.

Each is a whole session on the real core. Of each the same is asserted (`bench.assert_promises`):
acknowledged frames are readable with the checksums written down; every slot is a frame or a
recorded miss; the end is truthful; the decisions are made again from the record; and the sample is
left in the dark.

The faults, in brackets the files (test_faults_...) with their tests, and what happens:

 1 a snap raises (camera): missed, tried again; then skipped, and suspended longer each time;
   after `give_up_s` the session ends as failed.
 2 the camera is lost (camera): loaded again, with its properties; if that fails, as 1.
 3 the camera hangs (camera): given up after a time-out, used again when it answers; the session
   stays stoppable, and ends as failed by itself.
 4 a sequence dies (burst): what came is kept, the rest is a recorded gap, the encounter goes
   on.
 5 the image buffer overflows (burst): drained, a recorded gap, the encounter goes on slower.
 6 the stage is stuck (motors): stopped, its slots are missed, nothing is imaged.
 7 a stage command fails, or ends elsewhere (motors): missed; a frame is labelled with what the
   stage says.
 8 the focus drive fails (motors): frames are tagged, the rate stays.
 9 the focus lock is lost (motors): waited for, locked again, frames are tagged meanwhile.
10 a preset, property or region does not take (motors): missed, naming it; after `give_up_s` the
   session ends as failed.
11 the region changes while the camera streams (burst): the burst ends with a recorded gap, the
   region is set again.
12 a listener raises (program): written down, told nothing more; nothing else changes.
13 analysis raises (program): written down, the frame is unseen, the survey goes on.
14 the policy raises (program): the session ends as failed, end.json says why.
15 analysis is slow (program): the newest frame is analysed, skips are counted, late slots are
   dropped and no frames follow back to back.
16 a stop while waiting (program): the session stops at once.
17 the disk is full, or slow (disk, burst): ends as failed, nothing acknowledged is lost; a
   burst ends early.
18 kill -9, a crash in a device adapter (disk, kills): the record is sound, the session is
   resumed.
19 sleep, a stopped process, a clock that is set (program, disk): a recorded gap.
20 a frame of the wrong shape or type (camera): refused before it is written: missed.
"""

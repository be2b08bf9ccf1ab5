"""Latency and accuracy of the very ``edge.pipeline.Pipeline`` that the app runs.

Runs on the device too: NumPy, OpenCV and the standard library, never TensorFlow. ``cli`` turns flags into
commands; each is a module of its own, and what it stands on:

- ``latency``: ``meter`` (what a frame costs), ``recorder`` (rows of figures, on the disk), ``footprint``
  (memory and packages), ``first_result`` (fresh processes).
- ``matrix``: ``worker_process`` and ``matrix_worker``, the two ends of a process for each environment;
  ``worker_end``, what the far ends share.
- ``accuracy``: ``classes`` (which answer is right), ``systems`` (who is measured), ``looks`` (how faces get
  to the classifier), ``evaluation`` (pictures before a system, on all cores), ``scores`` (answers →
  figures), ``answers`` (a file of them).
- ``compare``: ``paired`` (two files of answers, picture by picture).
- ``robustness``, on top of these: ``corruptions`` (the damage, which ``evaluation`` does), ``subset`` (which
  pictures), ``corruption_error`` (mCE), ``contact_sheet`` (the damage, to be looked at).
- ``peers``, the app beside other packages: ``peer_files`` (who takes part; ``peers`` has the files),
  ``peer_environments``, ``peer_process`` and ``peer_worker`` (two ends, as of ``matrix``), ``peer_app``,
  ``peer_face_api``, ``peer_benchmark``, ``peer_table``.
- All of them: ``environment`` with ``heat`` and ``proc`` (the machine, and what disturbed it), ``demo``.
"""

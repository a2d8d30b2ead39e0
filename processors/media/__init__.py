"""The engine that the kinds `video` and `audio` share: opening, telling, reading and writing media through FFmpeg.

Rules that must stay true:
1. FFmpeg gets an open file and never a path of the input, and may open nothing else.
2. Only listed demuxers, decoders and filters ever see a byte; the limits are set before the first packet is read.
3. Every loop over packets or frames reports from within, so that slow is not hung and a cancel is heard at once.
"""

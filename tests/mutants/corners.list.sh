# Defects that were found in corners, put back one at a time. Sourced by run.sh.

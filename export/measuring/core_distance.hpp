#pragma once
// How far apart two cores of this machine are: what two threads of an engine pay at every barrier.

namespace atto::measuring {

/// Returns the nanoseconds that a cache line takes from one running thread to another and back: the
/// median of several short rounds, some milliseconds in all. Threads run where the system puts
/// them; with one core the figure is that of a change of threads.
double measure_core_distance();

}  // namespace atto::measuring

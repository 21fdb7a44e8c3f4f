// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// The number of milliseconds, rounded up and clamped to the range of a protocol field.
    var wholeMilliseconds: Int32 {
        let milliseconds = self.components.seconds.multipliedReportingOverflow(by: 1000)
        let rest = (self.components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        if milliseconds.overflow { return self < .zero ? 0 : .max }
        return Int32(clamping: milliseconds.partialValue + rest)
    }

    /// The number of milliseconds, rounded towards zero and clamped to about 146 million years, so that it can be added to a
    /// time.
    var clampedMilliseconds: Int64 {
        let (milliseconds, overflow) = self.components.seconds.multipliedReportingOverflow(by: 1000)
        let limit = Int64.max / 2
        if overflow { return self < .zero ? -limit : limit }
        return min(max(milliseconds, -limit), limit) + self.components.attoseconds / 1_000_000_000_000_000
    }
}
